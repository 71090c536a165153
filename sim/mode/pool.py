"""Mode `pool`: all data move to one partner, which then trains. The ceiling of accuracy, and the
end of privacy.

The fastest partner trains. Everyone else sends it their samples once, as they are, and then waits
for the result.

Faults: a provider that breaks down sends all of its samples again when it is back. If the trainer
breaks down, it has lost what it was sent in part and the steps since the last evaluation; all wait
for its return. A cut link holds up everyone until it is mended.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from sim.learner import Model, Work
from sim.partner import Member
from sim.presence import Steps
from sim.protocol.insist import insist
from sim.world import World


@dataclass(frozen=True, kw_only=True)
class Pool:
    """Train one model on the union of the data, on one machine."""

    merges_in_one_place: ClassVar[bool] = False
    merges_updates: ClassVar[bool] = False
    actions: ClassVar[frozenset[str]] = frozenset()
    merges_single_updates: ClassVar[bool] = False

    def run(self, world: World) -> Steps:
        """Move the data, then pass `num_epochs` times over all of them."""
        yield from train_in_one_place(world, partial(_ship, world))


def train_in_one_place(world: World, ship: Callable[[Member, Member], Steps]) -> Steps:
    """Let everyone `ship` their data to the fastest partner, which then trains on all of them."""
    trainer = world.members[trainer_among([member.speed for member in world.members])]
    model = world.learner.initial_model(owner=trainer.index)
    world.begin([model])
    others = [member for member in world.members if member is not trainer]
    yield world.env.all_of([world.env.process(ship(member, trainer)) for member in others])
    world.end_round(
        [model], merged=(), num_participants=len(others), num_samples=0, evaluates=False
    )
    if not world.is_stopped:
        yield from _train(world, trainer, model)


def trainer_among(speeds: Sequence[float]) -> int:
    """Return the number of the partner who trains: the first of the fastest."""
    return max(range(len(speeds)), key=speeds.__getitem__)


def _train(world: World, trainer: Member, model: Model) -> Steps:
    workload = world.workload
    everyone = tuple(member.index for member in world.members)
    total_steps = world.budget.num_steps(workload.total_samples, workload.batch_size)
    total_steps = world.cut_steps(total_steps, everyone)
    for num_steps in world.budget.split_steps(total_steps):
        yield from insist(world, [trainer], partial(_compute, trainer, num_steps))
        work = Work(partner=trainer.index, start=model, num_steps=num_steps, data_of=everyone)
        merged = world.learner.step(model, [work])
        model = merged.model
        world.end_round(
            [model],
            merged=[merged],
            num_participants=1,
            num_samples=num_steps * workload.batch_size,
            evaluates=True,
        )
        if world.is_stopped:
            return


def _compute(trainer: Member, num_steps: int) -> Steps:
    yield trainer.compute(num_steps)


def _ship(world: World, member: Member, trainer: Member) -> Steps:
    num_bytes = world.workload.num_samples[member.index] * world.workload.sample_bytes
    yield from insist(world, [member, trainer], partial(_send, world, member, trainer, num_bytes))


def _send(world: World, member: Member, trainer: Member, num_bytes: float) -> Steps:
    yield world.send_direct(member, trainer, num_bytes)
