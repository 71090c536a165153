"""Mode `proxy/hierarchical`: regional proxies under a root (HierFAVG, Liu et al. 2020).

Partners belong to regions. In a regional round the regional proxy sends its model to those of its
partners that the agent chose; each takes some steps on its own data and sends its update back; the
regional proxy averages the updates, weighted by the data held. After `regional_rounds` of these,
without waiting for other regions, it sends its model to the root, which averages the regional
models, weighted by the data behind them, and sends the result to all. So regions drift apart in
between, and the root's links carry one message per region and not one per partner. Replicas of the
root share the regions. A regional proxy is a machine like the proxy, where its region's first
partner is.

Faults: a partner that breaks down is dropped from the regional round, and takes part in the next
one if it is back. A regional proxy that breaks down loses its model, and its region is dropped
until the next round of the root that finds it up. While the root is down, regions go on, and wait
for it with what they have; what it had added up is lost. A cut link holds up its region, and so the
round of the root, until it is mended.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from sim.bounds import at_least
from sim.learner import Merged, Model
from sim.partner import Member
from sim.presence import Steps
from sim.protocol.averaging import merge_by_data
from sim.protocol.local_training import LocalTraining
from sim.protocol.region import Region, Tour
from sim.protocol.replicas import exchange
from sim.world import World


@dataclass(frozen=True, kw_only=True)
class Hierarchical(LocalTraining):
    """Train one model that the root holds, with local training in every regional round.

    `num_regions` cuts the partners, in their order, into groups of as equal a size as can be; None
    makes a region of each site of the topology.
    """

    merges_in_one_place: ClassVar[bool] = True
    merges_updates: ClassVar[bool] = True
    actions: ClassVar[frozenset[str]] = frozenset()
    merges_single_updates: ClassVar[bool] = False

    regional_rounds: int
    num_regions: int | None

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least("regional_rounds", self.regional_rounds, 1, remedy="try mode.regional_rounds=2")
        if self.num_regions is not None:
            at_least("num_regions", self.num_regions, 1, remedy="null takes the topology's sites")

    def run(self, world: World) -> Steps:
        """Run rounds of the root until the budget is spent."""
        groups = enumerate(self._groups(world))
        regions = [Region(world, number, members) for number, members in groups]
        model = world.learner.initial_model(owner=None)
        world.begin([model])
        while not world.is_spent:
            candidates = yield from _candidates(world, regions)
            decision = yield from world.decide(candidates, self)
            chosen = world.members_of(decision)
            tours = yield from self._tour(world, regions, chosen)
            merged_members = {one for tour in tours for one in tour.participants}
            for member in chosen:
                world.saw_returning(member, is_merged=member in merged_members)
            merged: list[Merged] = []
            if tours:
                model, merged = self._learn(world, model, tours)
            num_participants = sum(len(tour.participants) for tour in tours)
            trained = [one for tour in tours for members in tour.rounds for one in members]
            num_steps = sum(self.num_steps(world.workload, one.index) for one in trained)
            world.end_round(
                [model],
                merged=merged,
                num_participants=num_participants,
                num_dropped=len(chosen) - num_participants,
                num_samples=num_steps * world.workload.batch_size,
                evaluates=None,
            )

    def _groups(self, world: World) -> list[list[Member]]:
        """Return the members of each region."""
        num_partners, num_regions = len(world.members), self.num_regions
        if num_regions is None:
            if not world.sites:
                raise ValueError(
                    "mode.num_regions must be a number where the topology has no sites, got null; "
                    "try mode.num_regions=2, or topology=hierarchical"
                )
            return [[world.members[index] for index in site] for site in world.sites]
        if num_regions > num_partners:
            raise ValueError(
                f"mode.num_regions must be at most the {num_partners} partners, "
                f"got {num_regions}; try mode.num_regions={num_partners}"
            )
        groups: list[list[Member]] = [[] for _ in range(num_regions)]
        for member in world.members:
            groups[member.index * num_regions // num_partners].append(member)
        return groups

    def _tour(self, world: World, regions: Sequence[Region], chosen: Sequence[Member]) -> Steps:
        """Let the regions of the chosen work; return the tours that are in the root's total."""
        tours, is_chosen = [], set(chosen)
        for region in regions:
            members = [member for member in region.members if member in is_chosen]
            if members:
                tours.append(Tour(world, region, members))
        attempts = [
            world.attempt([tour.region.server], tour.run(self.regional_rounds, self))
            for tour in tours
        ]
        yield world.env.all_of(attempts)
        sums = dict.fromkeys(tour.sum for tour in tours if tour.sum)
        yield from exchange(world, sums, world.wire_bytes)
        return [tour for tour in tours if tour.sum and tour.sum.is_kept]

    def _learn(
        self, world: World, model: Model, tours: Sequence[Tour]
    ) -> tuple[Model, list[Merged]]:
        """Do what the regions did, each from `model` on; return the mean of their models."""
        merged, models, held = [], [], []
        for tour in tours:
            regional = model
            for members in tour.rounds:
                works = [self.work(world, one, regional, None) for one in members]
                merged.append(merge_by_data(world, regional, works))
                regional = merged[-1].model
            models.append(regional)
            held.append(sum(world.workload.num_samples[one.index] for one in tour.participants))
        weights = [samples / sum(held) for samples in held]
        return world.learner.average(models, weights), merged


def _candidates(world: World, regions: Sequence[Region]) -> Steps:
    """Wait until some region is ready; return the partners of all that are, in rising order."""
    while True:
        ready = [region for region in regions if region.server.is_up]
        up = world.up([member for region in ready for member in region.members])
        if up:
            return sorted(up, key=lambda member: member.index)
        waits = [world.attempt((), region.until_ready()) for region in regions]
        yield world.env.any_of(waits)
        for wait in waits:
            world.presence.abandon(wait)
