"""Mode `proxy/federated`: federated averaging through a proxy.

The proxy sends the model to the partners that the agent chose; each takes some steps on its own
data and sends its update back; the proxy averages the updates, weighted by the data held (McMahan
et al. 2017, algorithm 1). Data never leave their owner. The round ends when `keep_fraction` of the
chosen have been merged (over-selection, Bonawitz et al. 2019) or at the deadline, if there is one;
what is late is dropped, and the rest of its bytes is not sent. Replicas of the proxy share the
partners, and exchange their sums at the end of the round.

Faults: a partner that breaks down is dropped from the round. A proxy that breaks down loses its
queue and drops its partners; the round waits for its return. A cut link holds up the round unless
there is a deadline.
"""

import math
from dataclasses import dataclass

import simpy

from sim.bounds import at_least, positive
from sim.learner import Work
from sim.partner import Member
from sim.presence import Steps
from sim.world import World


@dataclass(frozen=True, kw_only=True)
class Federated:
    """Train one model that the proxy holds, `local_steps` batches per partner and round."""

    local_steps: int
    keep_fraction: float
    deadline_sim_s: float | None

    def __post_init__(self) -> None:
        at_least("local_steps", self.local_steps, 1, remedy="try mode.local_steps=20")
        if not 0 < self.keep_fraction <= 1:
            raise ValueError(
                f"keep_fraction must be above 0 and at most 1, got {self.keep_fraction}; "
                "mode.keep_fraction=0.75 drops the slowest quarter, 1 drops nobody"
            )
        if self.deadline_sim_s is not None:
            positive("deadline_sim_s", self.deadline_sim_s, remedy="null is no deadline")

    def run(self, world: World) -> Steps:
        """Run rounds until the budget is spent."""
        model = world.learner.initial_model(owner=None)
        world.begin([model])
        while not world.is_spent:
            yield from world.until_up(world.proxies, len(world.proxies))
            yield from world.until_up(world.members)
            chosen = world.pick(world.up(world.members))
            merged_members = yield from self._collect(world, chosen)
            merged = []
            if merged_members:
                yield from world.combine_replicas(world.setting.wire_bytes)
                works = [
                    Work(partner=m.index, start=model, num_steps=self.local_steps, data_of=(m.index,))
                    for m in merged_members
                ]
                held = [world.workload.num_samples[member.index] for member in merged_members]
                weights = [samples / sum(held) for samples in held]
                merged = [world.learner.merge(model, works, weights)]
                model = merged[0].model
            world.end_round(
                [model],
                merged=merged,
                num_participants=len(merged_members),
                num_dropped=len(chosen) - len(merged_members),
                num_samples=len(merged_members) * self.local_steps * world.workload.batch_size,
                evaluates=None,
            )

    def _collect(self, world: World, chosen: list[Member]) -> Steps:
        """Let the chosen take part; return those whose updates have been merged in time."""
        attempts = [
            world.attempt((member, world.proxy_of(member)), self._take_part(world, member))
            for member in chosen
        ]
        ends: list[simpy.Event] = [world.presence.first_of(attempts, self._num_kept(len(chosen)))]
        if self.deadline_sim_s is not None:
            ends.append(world.env.timeout(self.deadline_sim_s))
        yield world.env.any_of(ends)
        in_time = [
            member
            for member, attempt in zip(chosen, attempts, strict=True)
            if attempt.triggered and attempt.value
        ][: self._num_kept(len(chosen))]
        for attempt in attempts:
            world.presence.abandon(attempt)
        return in_time

    def _num_kept(self, num_chosen: int) -> int:
        return math.ceil(self.keep_fraction * num_chosen)

    def _take_part(self, world: World, member: Member) -> Steps:
        yield world.receive(member, world.workload.update_bytes)
        yield member.compute(self.local_steps)
        yield world.send(member, world.setting.wire_bytes)
        yield world.merge_at(world.proxy_of(member), member, world.setting.wire_bytes)
