"""Mode `partner/pipeline`: the layers are split over partners, micro-batches pass through them.

Each partner keeps one stage: whole tensors that follow each other (GPipe, Huang et al. 2019; 1F1B,
Narayanan et al. 2019). In a step every partner gives a batch of its own data, as in
`partner/allreduce`: it sends the samples to the first stage and their labels to the last, so data
leave their owner. The union batch is cut into micro-batches; activations travel forward and their
gradients backward, the backward pass costs twice the forward pass. A tensor's part of a pass is the
workload's `backward_fractions`, or where there are none its part of the parameters, as in dense
layers. The losses of a partner's samples are weighted by the data it holds, so one machine with the
union batch would take the same steps. Real training computes the stages apart where there is a rank
for each (`runners.learner.pipeline`), and else whole, which learns the same. With several times as
many partners as stages, pipelines run side by side and a ring allreduce sums the gradients of each
stage; one stage is `partner/allreduce`.

Faults: a stage's weights are on its partner only, so nobody can take its place: a step that loses a
partner is lost, and done again when all are back. A cut link stops the pipeline until it is mended.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import simpy

from sim.bounds import at_least, one_of, positive
from sim.collective.algorithms import allreduce
from sim.learner import Stages, Work
from sim.ledger import NoProgress
from sim.partner import Member
from sim.presence import Steps
from sim.protocol.pipeline_schedule import SCHEDULES, cut_batch
from sim.protocol.pipeline_step import PipelineStep, Plan
from sim.protocol.stages import split_layers
from sim.world import World

BALANCES = ("equal", "speed")

PATIENCE_SIM_S = 30 * 86400.0
"""A month without a moment at which all are up, after which a run gives up."""


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """Train one model whose layers lie on different partners."""

    merges_in_one_place: ClassVar[bool] = False
    merges_updates: ClassVar[bool] = False
    actions: ClassVar[frozenset[str]] = frozenset()
    merges_single_updates: ClassVar[bool] = False

    num_stages: int | None
    balance: str
    schedule: str
    num_micro_batches: int
    activation_bytes_per_sample: float
    label_bytes_per_sample: float

    def __post_init__(self) -> None:
        if self.num_stages is not None:
            at_least("num_stages", self.num_stages, 1, remedy="null is one stage per partner")
        one_of("balance", self.balance, BALANCES)
        one_of("schedule", self.schedule, tuple(SCHEDULES))
        at_least(
            "num_micro_batches",
            self.num_micro_batches,
            1,
            remedy="four times the number of stages keeps the idle part below a fifth",
        )
        positive(
            "activation_bytes_per_sample",
            self.activation_bytes_per_sample,
            remedy="it is the width of the layer at the cut times the bytes of a number",
        )
        positive(
            "label_bytes_per_sample",
            self.label_bytes_per_sample,
            remedy="1 is one class number below 256",
        )

    def run(self, world: World) -> Steps:
        """Take steps until the budget is spent; the slowest stage sets the pace."""
        pipelines = self._pipelines(world.members)
        stages = self._split(world, pipelines)
        plan = self._plan(world, stages)
        learned_in = Stages(tensors=stages, num_micro_batches=len(plan.micro_batches))
        model = world.learner.initial_model(owner=None)
        world.begin([model])
        while not world.is_spent:
            yield from _until_all_are_up(world)
            done = yield from _step(world, pipelines, plan)
            merged = []
            if done:
                works = [
                    Work(partner=m.index, start=model, num_steps=1, data_of=(m.index,))
                    for m in world.members
                ]
                merged = [world.learner.step(model, works, learned_in)]
                model = merged[0].model
            world.end_round(
                [model],
                merged=merged,
                num_participants=len(world.members),
                num_dropped=0 if done else len(world.members),
                num_samples=len(world.members) * world.workload.batch_size if done else 0,
                evaluates=None,
            )

    def _pipelines(self, members: Sequence[Member]) -> list[Sequence[Member]]:
        """Return the partners of each pipeline, in the order of the stages."""
        num_members = len(members)
        num_stages = self.num_stages or num_members
        if num_members % num_stages:
            below = max(one for one in range(1, num_stages + 1) if num_members % one == 0)
            raise ValueError(
                f"mode.num_stages must divide the {num_members} partners, got {num_stages}; "
                f"try mode.num_stages={below}"
            )
        return [members[first : first + num_stages] for first in range(0, num_members, num_stages)]

    def _split(self, world: World, pipelines: Sequence[Sequence[Member]]) -> tuple[range, ...]:
        """Return the tensors of each stage, the same for all pipelines."""
        speeds = [
            min(one.speed for one in stage) if self.balance == "speed" else 1.0
            for stage in zip(*pipelines, strict=True)
        ]
        return tuple(split_layers(_costs(world), speeds))

    def _plan(self, world: World, stages: Sequence[range]) -> Plan:
        """Return the plan of a step."""
        workload, num_stages, costs = world.workload, len(stages), _costs(world)
        tensor_bytes = world.tensor_bytes(world.wire_bytes)
        micro_batches = cut_batch(num_stages * workload.batch_size, self.num_micro_batches)
        order = SCHEDULES[self.schedule]
        return Plan(
            compute_fractions=tuple(sum(costs[one] for one in run) / sum(costs) for run in stages),
            gradient_bytes=tuple(sum(tensor_bytes[one] for one in run) for run in stages),
            orders=tuple(
                tuple(order(stage, num_stages, len(micro_batches))) for stage in range(num_stages)
            ),
            micro_batches=tuple(micro_batches),
            batch_size=workload.batch_size,
            sample_bytes=workload.sample_bytes,
            activation_bytes=self.activation_bytes_per_sample,
            label_bytes=self.label_bytes_per_sample,
        )


def _costs(world: World) -> Sequence[float]:
    """Return what the tensors cost in a pass, in any unit."""
    return world.workload.backward_fractions or world.workload.tensor_parameters


def _until_all_are_up(world: World) -> Steps:
    """Wait for everyone; raises NoProgress when that takes longer than a month."""
    members = world.members
    if len(world.up(members)) == len(members):
        return
    all_up = world.env.process(world.until_up(members, len(members)))
    yield world.env.any_of([all_up, world.env.timeout(PATIENCE_SIM_S)])
    if not all_up.triggered:
        raise NoProgress(
            f"a pipeline needs all of its {len(members)} partners at once, and for "
            f"{PATIENCE_SIM_S} virtual seconds until {world.env.now} they were not; try a milder "
            "availability or fault, or another mode"
        )


def _step(world: World, pipelines: Sequence[Sequence[Member]], plan: Plan) -> Steps:
    """Run a step of all pipelines; return whether it came to its end.

    Each stage, and each sum of a stage's gradients, needs everyone: whoever breaks down stops all.
    """
    steps = [PipelineStep(world, members, plan) for members in pipelines]
    attempts = []
    for stage, num_bytes in enumerate(plan.gradient_bytes):
        passes = [world.attempt(world.members, step.stage(stage)) for step in steps]
        attempts += passes
        if len(steps) > 1:
            replicas = [step.members[stage] for step in steps]
            sum_up = _sum_gradients(world, passes, replicas, num_bytes)
            attempts.append(world.attempt(world.members, sum_up))
    yield world.env.all_of(attempts)
    for step in steps:
        step.abandon()
    return all(attempt.value for attempt in attempts)


def _sum_gradients(
    world: World, passes: Sequence[simpy.Process], replicas: Sequence[Member], num_bytes: float
) -> Steps:
    """Sum a stage's gradients among its replicas, once all of them have them."""
    yield world.env.all_of(passes)
    yield from world.collective(replicas, allreduce("ring", len(replicas), num_bytes, ()))
