"""Owns what a partner does in a round through a proxy, and what the proxy sees of it: it fetches
the model, trains, makes its update fit to be sent, and sends it to be merged.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.partner import Member
from sim.presence import Steps
from sim.proxy import ProxyServer

if TYPE_CHECKING:
    from sim.world import World

ROUNDING = 1e-6
"""Of a step, by which a partner may seem to be late."""


@dataclass(frozen=True, kw_only=True)
class Visit:
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
    monitor, partner, env = world.monitor, member.index, world.env
    monitor.saw_round_trip(partner, world.traffic.round_trip_sim_s(plan.server, member))
    start_sim_s = env.now
    yield world.receive(member, plan.server, plan.down_bytes)
    monitor.saw_download(partner, plan.down_bytes, env.now - start_sim_s)
    start_sim_s = env.now
    num_steps = _steps_in_time(world, member, plan)
    yield member.compute(num_steps)
    monitor.saw_computing(partner, num_steps, env.now - start_sim_s)
    yield from world.protect(member, plan.server)
    start_sim_s = env.now
    yield world.send(member, plan.server, plan.up_bytes)
    monitor.saw_upload(partner, plan.up_bytes, env.now - start_sim_s)
    yield world.merge_at(plan.server, member, plan.up_bytes)
    return num_steps


def _steps_in_time(world: "World", member: Member, plan: Visit) -> int:
    """Return as many of its steps as a partner foresees to get done in time, at least one.

    It knows its own speed at present, and its lines, but not who will share them.
    """
    if plan.due_sim_s is None:
        return plan.num_steps
    sending_sim_s = world.traffic.alone_sim_s(member, plan.server, plan.up_bytes)
    left_sim_s = plan.due_sim_s - world.env.now - world.protect_sim_s(member) - sending_sim_s
    if left_sim_s >= plan.num_steps * member.mean_step_sim_s:
        return plan.num_steps
    return max(1, math.floor(left_sim_s / member.mean_step_sim_s + ROUNDING))
