"""Owns what a partner does in a round through a proxy, and what the proxy sees of it: it fetches
the model, trains, makes its update fit to be sent, and sends it to be merged.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.partner import Member
from sim.presence import Steps
from sim.proxy import ProxyServer

if TYPE_CHECKING:
    from sim.world import World


@dataclass(frozen=True, kw_only=True)
class Visit:
    """Say which server a partner goes to, how long it trains, and what moves each way."""

    server: ProxyServer
    num_steps: int
    down_bytes: float
    up_bytes: float


def visit(world: "World", member: Member, plan: Visit) -> Steps:
    """Let a partner take part; the proxy does not see what it has not got to the end of."""
    monitor, partner, env = world.monitor, member.index, world.env
    monitor.saw_round_trip(partner, world.traffic.round_trip_sim_s(plan.server, member))
    start_sim_s = env.now
    yield world.receive(member, plan.server, plan.down_bytes)
    monitor.saw_download(partner, plan.down_bytes, env.now - start_sim_s)
    start_sim_s = env.now
    yield member.compute(plan.num_steps)
    monitor.saw_computing(partner, plan.num_steps, env.now - start_sim_s)
    yield from world.protect(member, plan.server)
    start_sim_s = env.now
    yield world.send(member, plan.server, plan.up_bytes)
    monitor.saw_upload(partner, plan.up_bytes, env.now - start_sim_s)
    yield world.merge_at(plan.server, member, plan.up_bytes)
