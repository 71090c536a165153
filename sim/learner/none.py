"""Learner `none`: nothing is learned; only time, bytes and cost are simulated.

No tensor library is imported, so thousands of partners cost milliseconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sim.decision import Decision
from sim.learner import (
    Distillation,
    Evaluation,
    Feedback,
    Merged,
    Model,
    Outer,
    Part,
    Stages,
    Work,
)


class Version(NamedTuple):
    """A model that is nothing but its version."""

    version: int


@dataclass(frozen=True, kw_only=True)
class TimeOnly:
    """Answer a mode's calls at once: a model is a version number, never evaluated."""

    def initial_model(self, owner: int | None) -> Version:
        """Return version 0."""
        return Version(version=0)

    def step(self, model: Model, works: Sequence[Work], stages: Stages | None = None) -> Merged:
        """Return the next version."""
        return Merged(model=Version(version=model.version + 1), feedback=_no_feedback)

    def merge(
        self,
        model: Model,
        works: Sequence[Work],
        weights: Sequence[float],
        outer: Outer | None = None,
        distillation: Distillation | None = None,
        dropped: Sequence[int] = (),
    ) -> Merged:
        """Return the next version."""
        return Merged(model=Version(version=model.version + 1), feedback=_no_feedback)

    def combine(
        self,
        model: Model,
        replicas: Sequence[Model],
        weights: Sequence[float],
        outer: Outer,
        part: Part | None,
    ) -> Version:
        """Return the next version."""
        return Version(version=model.version + 1)

    def adopt(self, replicas: Sequence[Model], model: Model, part: Part | None) -> list[Model]:
        """Return the next versions."""
        return [Version(version=replica.version + 1) for replica in replicas]

    def mix(self, models: Sequence[Model], weights: Sequence[Sequence[float]]) -> list[Model]:
        """Return the next versions."""
        return [Version(version=model.version + 1) for model in models]

    def average(self, models: Sequence[Model], weights: Sequence[float]) -> Version:
        """Return the next version."""
        return Version(version=1 + max(model.version for model in models))

    def evaluate(self, models: Sequence[Model], jointly: bool = False) -> Evaluation | None:
        """Return None: there is no model to evaluate."""
        return None

    def agree(self, decision: Decision) -> Decision:
        """Return it: nobody else decides."""
        return decision


def _no_feedback() -> tuple[Feedback, ...]:
    return ()
