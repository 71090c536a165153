"""Owns what local SGD and DiLoCo have in common: partners train apart, then those who are left
combine what they have.

Steps are counted in batches.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import simpy

from sim.partner import Member
from sim.presence import Steps

if TYPE_CHECKING:
    from sim.world import World


def train_apart(world: "World", members: Sequence[Member], num_steps: int) -> Steps:
    """Let each train by itself until the slowest has ended; return those who have not broken down
    meanwhile.
    """
    attempts = [world.attempt([member], _train(member, num_steps)) for member in members]
    return (yield from survivors(world, members, attempts))


def survivors(
    world: "World", members: Sequence[Member], attempts: Sequence[simpy.Process]
) -> Steps:
    """Wait for all attempts, one by each member; return the members who still have what came out.

    Whoever breaks down while it waits for the others has lost its own as well.
    """
    end = world.presence.first_of(attempts, len(attempts))
    keeping = [world.attempt([member], _wait(end)) for member in members]
    yield world.env.all_of(keeping)
    return [
        member
        for member, attempt, keeps in zip(members, attempts, keeping, strict=True)
        if attempt.value and keeps.value
    ]


def with_those_left(
    world: "World", members: Sequence[Member], steps: Callable[[list[Member]], Steps]
) -> Steps:
    """Run `steps` among the members, and anew among those who are left whenever one breaks down;
    return who brought it to its end.
    """
    left = list(members)
    while left and not (yield world.attempt(left, steps(left))):
        left = world.up(left)
    return left


def data_weights(world: "World", members: Sequence[Member]) -> list[float]:
    """Return the members' weights in a mean: the training samples they hold, adding up to 1."""
    held = [world.workload.num_samples[member.index] for member in members]
    total = sum(held)
    return [samples / total for samples in held]


def _train(member: Member, num_steps: int) -> Steps:
    yield member.compute(num_steps)


def _wait(event: simpy.Event) -> Steps:
    yield event
