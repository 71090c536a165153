"""Owns what goes on beside the mode: availability, bandwidth and faults, each a process.

They begin before the mode does, so that who is not there at time 0 is not asked, and end when the
run ends.
"""

import math
from typing import TYPE_CHECKING

from sim.partner import Member
from sim.presence import Steps
from sim.streams import stream

if TYPE_CHECKING:
    from sim.world import World


def start_surroundings(world: "World") -> None:
    """Start them all."""
    for member in world.members:
        world.env.process(_follow_availability(world, member))
    world.env.process(_follow_bandwidth(world))
    world.env.process(world.setting.fault.run(world))


def _follow_availability(world: "World", member: Member) -> Steps:
    rng = stream(world.setting.seed, "availability", member.name)
    for is_up, seconds in world.setting.availability.phases(member.name, rng):
        if not is_up:
            world.presence.break_down(member)
        if math.isinf(seconds):
            return
        yield world.env.timeout(seconds)
        if not is_up:
            world.presence.repair(member)


def _follow_bandwidth(world: "World") -> Steps:
    """Change links; the option speaks of line rates, the network of what is left for payload."""
    yield world.env.timeout(0.0)  # the mode has put up its servers by then
    links = world.traffic.links([*world.members, *world.servers])
    efficiency = world.setting.transport.efficiency
    line_rates = {name: link.bytes_per_s / efficiency for name, link in links.items()}
    rng = stream(world.setting.seed, "bandwidth")
    for time_sim_s, name, bytes_per_s in world.setting.bandwidth.changes(line_rates, rng):
        yield world.env.timeout(max(0.0, time_sim_s - world.env.now))
        world.outages.set_bandwidth(links[name], bytes_per_s * efficiency)
