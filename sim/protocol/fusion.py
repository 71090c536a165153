"""Owns tensor fusion: gradient tensors are summed in groups while the backward pass goes on.

The backward pass delivers tensors last first. A coordinator looks every cycle for tensors that all
members have, agrees on them (small messages), and sums up to a buffer of them in one collective
(Horovod; Sergeev & Del Balso 2018). What has not been summed when the slowest member is done with
its step is the exposed part of the communication. Bytes, virtual seconds.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from sim.bounds import one_of, positive
from sim.collective.algorithms import allreduce
from sim.partner import Member
from sim.presence import Steps

if TYPE_CHECKING:
    from sim.world import World

BACKWARD_FRACTION = 2 / 3
"""A step is a forward pass and a backward pass of twice its FLOPs."""

COORDINATORS = {"gloo": ("segmented_ring", 2), "mpi": ("tree", 1), "none": ("tree", 0)}
"""How members agree in a cycle: an algorithm, and how many small sums with it.

Horovod on Gloo sums two bit vectors (in agreement with the 190 ms and 520 ms that a sum of 4 KB
took among 2 and 4 ranks under 20 ms delay), on MPI it gathers requests and broadcasts the response.
"""

COORDINATOR_BYTES = 64.0


@dataclass(frozen=True, kw_only=True)
class Fusion:
    """Hold the settings of the coordinator."""

    buffer_bytes: float
    cycle_sim_s: float
    coordinator: str

    def __post_init__(self) -> None:
        positive("buffer_bytes", self.buffer_bytes, remedy="134217728 is Horovod's 128 MiB")
        positive("cycle_sim_s", self.cycle_sim_s, remedy="0.001 is Horovod's 1 ms")
        one_of("coordinator", self.coordinator, tuple(COORDINATORS))


def reduce_during_backward(
    world: "World",
    members: Sequence[Member],
    *,
    fusion: Fusion | None,
    algorithm: str,
    sites: tuple[tuple[int, ...], ...],
    tensor_bytes: Sequence[float],
) -> Steps:
    """Compute one step, and sum its tensors as they come, `tensor_bytes` in forward order; those of
    0 bytes are not summed.

    A tensor is ready when the slowest member has it; the workload says which part of the backward
    pass each takes. Without fusion, each is summed by itself and nobody needs to agree on it.
    """
    start_sim_s = world.env.now
    durations = [member.draw_sim_s(1) for member in members]
    for member, seconds in zip(members, durations, strict=True):
        parts = (("compute", start_sim_s + seconds), ("transfer", math.inf))
        member.begin(sum(tensor_bytes), parts)
    slowest_sim_s = max(durations)
    fractions = world.workload.backward_fractions
    ready = _ready_times(start_sim_s, slowest_sim_s, tensor_bytes, fractions)
    while ready and len(members) > 1:  # alone there is nothing to sum, nor to agree on
        if fusion is None:
            yield world.env.timeout(max(0.0, ready[0][0] - world.env.now))
            (_, group_bytes), *ready = ready
        else:
            cycle = yield from _await_cycle(world, members, fusion, sites, ready[0][0])
            group_bytes, ready = _take(ready, cycle, fusion.buffer_bytes)
        began_sim_s = world.env.now
        phases = allreduce(algorithm, len(members), group_bytes, sites)
        yield from world.traffic.collective(members, phases)
        world.trace.other_span(
            "allreduce/background", "transfer", began_sim_s, world.env.now, group_bytes
        )
    end_sim_s = start_sim_s + slowest_sim_s
    if end_sim_s > world.env.now:
        yield world.env.timeout(end_sim_s - world.env.now)
    for member in members:
        member.close()


def _ready_times(
    start_sim_s: float,
    step_sim_s: float,
    tensor_bytes: Sequence[float],
    fractions: Sequence[float] | None,
) -> list[tuple[float, float]]:
    """Return when each tensor is ready, and its bytes, in the order of the backward pass."""
    forward_sim_s = (1 - BACKWARD_FRACTION) * step_sim_s
    return [
        (start_sim_s + forward_sim_s + BACKWARD_FRACTION * step_sim_s * done, num_bytes)
        for done, num_bytes in zip(
            _done_fractions(len(tensor_bytes), fractions), reversed(tensor_bytes), strict=True
        )
        if num_bytes > 0
    ]


def _done_fractions(num_tensors: int, fractions: Sequence[float] | None) -> Iterable[float]:
    """Return the part of the backward pass that is done with each tensor, the last one first."""
    if fractions is None:
        return ((number + 1) / num_tensors for number in range(num_tensors))
    return accumulate(reversed(fractions))


def _await_cycle(
    world: "World",
    members: Sequence[Member],
    fusion: Fusion,
    sites: tuple[tuple[int, ...], ...],
    ready_sim_s: float,
) -> Steps:
    """Wait for the first cycle in which something is ready, and for the members to agree; return
    when that cycle began.

    Cycles follow each other without a break; one lasts as long as agreeing takes, but no less than
    the cycle time.
    """
    algorithm, num_sums = COORDINATORS[fusion.coordinator]
    phases = allreduce(algorithm, len(members), COORDINATOR_BYTES, sites)
    agree_sim_s = num_sums * world.traffic.lone_sim_s(members, phases)
    period_sim_s = max(fusion.cycle_sim_s, agree_sim_s)
    earliest_sim_s = max(ready_sim_s, world.env.now)
    cycle_sim_s = math.ceil(earliest_sim_s / period_sim_s) * period_sim_s
    yield world.env.timeout(max(0.0, cycle_sim_s - world.env.now) + agree_sim_s)
    return cycle_sim_s


def _take(
    ready: list[tuple[float, float]], cycle_sim_s: float, buffer_bytes: float
) -> tuple[float, list[tuple[float, float]]]:
    """Return the bytes of the next group, at least one tensor, and the tensors that remain."""
    group_bytes, taken = ready[0][1], 1
    for ready_sim_s, num_bytes in ready[1:]:
        if ready_sim_s > cycle_sim_s or group_bytes + num_bytes > buffer_bytes:
            break
        group_bytes += num_bytes
        taken += 1
    return group_bytes, ready[taken:]
