"""Owns what goes on beside the mode: availability, bandwidth, faults, and a watch over the rounds,
each a process.

They begin before the mode does, so that who is not there at time 0 is not asked, and end when the
run ends.
"""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from sim.ledger import NoProgress
from sim.partner import Member
from sim.presence import Steps
from sim.streams import stream

if TYPE_CHECKING:
    from sim.setting import Setting
    from sim.world import World

MAX_ROUND_SIM_S = 365 * 86_400
"""No round takes a year; one that does is waiting for something that never comes."""


def start_surroundings(world: "World") -> None:
    """Start them all."""
    for member in world.members:
        world.env.process(_follow_availability(world, member))
    world.env.process(_follow_bandwidth(world))
    world.env.process(world.setting.fault.run(world))
    world.env.process(_watch_rounds(world))


def phases_of(setting: "Setting", number: int) -> Iterator[tuple[bool, float]]:
    """Yield what a partner is (up or not) and for how many seconds, from time 0 on; each call gives
    the same.
    """
    partner = setting.consortium.partners[number]
    rng = stream(setting.seed, "availability", partner.name)
    return setting.availability.phases(partner, rng)


def _follow_availability(world: "World", member: Member) -> Steps:
    for is_up, seconds in phases_of(world.setting, member.index):
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


def _watch_rounds(world: "World") -> Steps:
    """Raise NoProgress when a round does not end, whatever else may go on."""
    while True:
        yield world.env.timeout(MAX_ROUND_SIM_S)
        last = world.trace.rounds[-1]
        if world.env.now - last.end_sim_s >= MAX_ROUND_SIM_S:
            raise NoProgress(
                f"mode {type(world.setting.mode).__name__} waits for an event that never comes: no "
                f"round has ended in the year after {last.end_sim_s:,.0f} virtual seconds, in "
                f"round {last.round + 1}; either whoever it needs is gone for good (see "
                "availability and fault), or a round really takes that long: try faster links or "
                "fewer steps"
            )
