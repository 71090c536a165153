"""Owns what servers send on their own account: it is on no partner's timeline, but in the trace, so
that a critical path can go through it.
"""

from typing import TYPE_CHECKING

from sim.machine import Machine
from sim.presence import Steps

if TYPE_CHECKING:
    from sim.world import World


def pass_on(world: "World", source: Machine, target: Machine, num_bytes: float) -> Steps:
    """Send between two machines; the sender's row `<name>/background` has the transfer.

    What is lost because an end breaks down is not traced.
    """
    start_sim_s = world.env.now
    has_arrived = yield world.transfer(source, target, num_bytes)
    if has_arrived:
        world.trace.other_span(
            f"{source.name}/background", "transfer", start_sim_s, world.env.now, num_bytes
        )
