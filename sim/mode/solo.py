"""Mode `solo`: everyone trains alone on what they have. The floor that working together must beat.

No byte moves and nobody waits: partners run their own budget at their own pace. A round is closed,
with all models at the same fraction of their budgets, when the slowest partner gets there; the time
of the curve is the slowest partner's. The run stops early for all at once, by the mean of their
evaluations.

Faults: a partner that breaks down does its present round again when it is back; nobody else
notices, but the round is not closed without it.
"""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import simpy

from sim.learner import Merged, Model, Work
from sim.partner import Member
from sim.presence import Steps
from sim.protocol.insist import insist
from sim.world import World


@dataclass(frozen=True, kw_only=True)
class Solo:
    """Train one model per partner, on that partner's data only."""

    merges_in_one_place: ClassVar[bool] = False
    merges_updates: ClassVar[bool] = False
    actions: ClassVar[frozenset[str]] = frozenset()
    merges_single_updates: ClassVar[bool] = False

    def run(self, world: World) -> Steps:
        """Let every partner pass `num_epochs` times over its own data."""
        models = [world.learner.initial_model(owner=member.index) for member in world.members]
        world.begin(models)
        plans = [_plan(world, member) for member in world.members]
        arrivals = [[world.env.event() for _ in plan] for plan in plans]
        for member, plan, events in zip(world.members, plans, arrivals, strict=True):
            world.env.process(_train(world, member, plan, events))
        for round_ in range(max(len(plan) for plan in plans)):
            active = [member.index for member in world.members if round_ < len(plans[member.index])]
            yield world.env.all_of([arrivals[index][round_] for index in active])
            merged = [_learn(world, index, models, plans[index][round_]) for index in active]
            num_samples = world.workload.batch_size * sum(plans[index][round_] for index in active)
            world.end_round(
                models,
                merged=merged,
                num_participants=len(active),
                num_samples=num_samples,
                evaluates=True,
            )
            if world.is_stopped:
                return


def _plan(world: World, member: Member) -> list[int]:
    """Return the partner's steps in each round."""
    workload = world.workload
    num_steps = world.budget.num_steps(workload.num_samples[member.index], workload.batch_size)
    return world.budget.split_steps(world.cut_steps(num_steps, (member.index,)))


def _train(world: World, member: Member, plan: list[int], events: list[simpy.Event]) -> Steps:
    for num_steps, event in zip(plan, events, strict=True):
        yield from insist(world, [member], partial(_compute, member, num_steps))
        event.succeed()


def _compute(member: Member, num_steps: int) -> Steps:
    yield member.compute(num_steps)


def _learn(world: World, index: int, models: list[Model], num_steps: int) -> Merged:
    work = Work(partner=index, start=models[index], num_steps=num_steps, data_of=(index,))
    merged = world.learner.step(models[index], [work])
    models[index] = merged.model
    return merged
