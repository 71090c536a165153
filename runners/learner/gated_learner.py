"""Owns a learner that asks before it merges: whoever puts something of his own into what all get is
admitted first, by `runners.transport.admission`. Steps that partners take by themselves ask nobody.
"""

from collections.abc import Sequence
from itertools import count
from typing import Any

from runners.learner.rank_learner import RankLearner
from runners.learner.version import Version, version_of
from runners.transport.admission import Admissions
from sim.learner import Distillation, Evaluation, Merged, Model, Outer, Part, Stages, Work


class GatedLearner(RankLearner):
    """Admit partners to each merge, and check the log of it at each evaluation."""

    def __init__(self, *, admissions: Admissions, **parts: Any) -> None:
        """Take what a `RankLearner` takes."""
        super().__init__(**parts)
        self._admissions = admissions
        self._numbers = count()

    def step(self, model: Model, works: Sequence[Work], stages: Stages | None = None) -> Merged:
        """Take optimizer steps; those of a shared model are merges of gradients."""
        if version_of(model).owner is None:
            self._admit([work.partner for work in works])
        return super().step(model, works, stages)

    def merge(
        self,
        model: Model,
        works: Sequence[Work],
        weights: Sequence[float],
        outer: Outer | None = None,
        distillation: Distillation | None = None,
        dropped: Sequence[int] = (),
    ) -> Merged:
        """Train and merge."""
        self._admit([work.partner for work in works])
        return super().merge(model, works, weights, outer, distillation, dropped)

    def combine(
        self,
        model: Model,
        replicas: Sequence[Model],
        weights: Sequence[float],
        outer: Outer,
        part: Part | None,
    ) -> Version:
        """Step the shared model with what replicas have moved."""
        self._admit_owners(replicas)
        return super().combine(model, replicas, weights, outer, part)

    def mix(self, models: Sequence[Model], weights: Sequence[Sequence[float]]) -> list[Model]:
        """Take weighted means of owned models."""
        self._admit_owners(models)
        return super().mix(models, weights)

    def evaluate(self, models: Sequence[Model], jointly: bool = False) -> Evaluation:
        """Evaluate, and raise Tampered where the log is not what was written."""
        evaluation = super().evaluate(models, jointly)
        with self.stopwatch.phase("evaluate"):
            self._admissions.check()
        return evaluation

    def _admit_owners(self, models: Sequence[Model]) -> None:
        owners = [version_of(model).owner for model in models]
        self._admit([owner for owner in owners if owner is not None])

    def _admit(self, partners: Sequence[int]) -> None:
        with self.stopwatch.phase("communicate"):
            self._admissions.admit(partners, f"merge {next(self._numbers)}")
