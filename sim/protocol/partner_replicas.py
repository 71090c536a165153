"""Owns the models of partners that synchronise one shared model, or fragments of it in turn.

Every partner has a replica with an optimizer of its own, which goes on from sum to sum. What has
not been summed yet differs from partner to partner (Streaming DiLoCo, Douillard et al. 2025).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sim.learner import Merged, Model, Outer, Part, Work
from sim.partner import Member
from sim.protocol.outer_step import data_weights

if TYPE_CHECKING:
    from sim.world import World


class Replicas:
    """Hold the shared model, and the replicas of those who are in step with it.

    Whoever is not gets the shared model, and a new optimizer, with its next steps. `ahead` are the
    partners that have taken steps beyond the last sum.
    """

    def __init__(self, world: "World") -> None:
        self.model: Model = world.learner.initial_model(owner=None)
        self.ahead: set[int] = set()
        self._world = world
        self._part: Part | None = None
        self._replicas: dict[int, Model] = {}
        self._merged: list[Merged] = []  # steps beyond the last sum

    def synchronise(
        self, members: Sequence[Member], num_steps: int, outer: Outer, part: Part | None
    ) -> list[Merged]:
        """Let `members` take `num_steps` each, step the shared model with what has changed in
        `part`, None for all; return the steps since the last sum.
        """
        self._join(members)
        for member in members:
            self._step(member, num_steps)
        sent = [self._replicas[member.index] for member in members]
        weights = data_weights(self._world, members)
        self.model = self._world.learner.combine(self.model, sent, weights, outer, part)
        self._part = part
        merged, self._merged = self._merged, []
        return merged

    def go_on(self, members: Sequence[Member], num_steps: int) -> None:
        """Let `members` take `num_steps` from what they sent, and then use the sum; everyone else
        has lost what they had.
        """
        if num_steps:
            for member in members:
                self._step(member, num_steps)
        self.ahead = {member.index for member in members} if num_steps else set()
        replicas = [self._replicas[member.index] for member in members]
        adopted = self._world.learner.adopt(replicas, self.model, self._part)
        self._replicas = {
            member.index: replica for member, replica in zip(members, adopted, strict=True)
        }

    def _join(self, members: Sequence[Member]) -> None:
        """Give the shared model, and a new optimizer, to all who are not in step with it.

        Before any of them takes a step, so that all take theirs together.
        """
        learner = self._world.learner
        new = [member.index for member in members if member.index not in self._replicas]
        if new:
            untrained = [learner.initial_model(owner=index) for index in new]
            adopted = learner.adopt(untrained, self.model, None)
            self._replicas |= dict(zip(new, adopted, strict=True))

    def _step(self, member: Member, num_steps: int) -> None:
        index = member.index
        start = self._replicas[index]
        work = Work(partner=index, start=start, num_steps=num_steps, data_of=(index,))
        self._merged.append(self._world.learner.step(start, [work]))
        self._replicas[index] = self._merged[-1].model
