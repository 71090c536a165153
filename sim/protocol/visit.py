"""Owns what a partner does in a round through a proxy, and what the proxy sees of it: it fetches
the model, trains, makes its update fit to be sent, and sends it to be merged.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from sim.partner import Member
from sim.presence import Steps
from sim.proxy import ProxyServer

if TYPE_CHECKING:
    from sim.world import World

ROUNDING = 1e-6
"""Of a step, by which a partner may seem to be late."""


class Visit(NamedTuple):
    """Say which server a partner goes to, how long it trains, and what moves each way.

    `due_sim_s` is when the proxy wants to have the update, None where the partner is not told or
    does as it was asked all the same.
    """

    server: ProxyServer
    num_steps: int
    down_bytes: float
    up_bytes: float
    due_sim_s: float | None = None


def visit(world: "World", member: Member, plan: Visit) -> Steps:
    """Let a partner take part, and return the steps it takes; the proxy sees only what it
    gets to the end of.
    """
    yield from fetch(world, member, plan)
    start_sim_s = world.env.now
    sending = partial(world.traffic.alone_sim_s, member, plan.server, plan.up_bytes)
    num_steps = steps_in_time(world, member, plan, sending)
    yield member.compute(num_steps)
    world.monitor.saw_computing(member.index, num_steps, world.env.now - start_sim_s)
    yield from world.protect(member, plan.server)
    yield from deliver(world, member, plan.server, plan.up_bytes)
    return num_steps


def fetch(world: "World", member: Member, plan: Visit) -> Steps:
    """Let a partner get the model from the proxy."""
    monitor, partner = world.monitor, member.index
    monitor.saw_round_trip(partner, world.traffic.round_trip_sim_s(plan.server, member))
    start_sim_s = world.env.now
    yield world.receive(member, plan.server, plan.down_bytes)
    monitor.saw_download(partner, plan.down_bytes, world.env.now - start_sim_s)


def deliver(world: "World", member: Member, server: ProxyServer, num_bytes: float) -> Steps:
    """Let a partner send an update to the proxy, and wait until it is merged."""
    monitor, partner = world.monitor, member.index
    start_sim_s = world.env.now
    yield world.send(member, server, num_bytes)
    monitor.saw_upload(partner, num_bytes, world.env.now - start_sim_s)
    start_sim_s = world.env.now
    yield world.merge_at(server, member, num_bytes)
    monitor.saw_merge(partner, world.env.now - start_sim_s)


def steps_in_time(
    world: "World", member: Member, plan: Visit, sending_sim_s: Callable[[], float]
) -> int:
    """Return as many of its steps as a partner foresees to get done in time, at least one.

    It knows its own speed at present, and its lines, but not who will share them.
    """
    if plan.due_sim_s is None:
        return plan.num_steps
    after_sim_s = world.protect_sim_s(member) + sending_sim_s()
    left_sim_s = max(0.0, plan.due_sim_s - world.env.now - after_sim_s)  # endless over a cut line
    if left_sim_s >= plan.num_steps * member.mean_step_sim_s:
        return plan.num_steps
    return max(1, math.floor(left_sim_s / member.mean_step_sim_s + ROUNDING))
