"""A learner that learns nothing and keeps what it was asked for."""

from collections.abc import Sequence
from typing import NamedTuple

from sim.learner import Distillation, Merged, Model, Outer, Stages, Work
from sim.learner.none import TimeOnly, Version


class Merge(NamedTuple):
    """A call of `merge`: the model's version, who started from which version, weights, outer."""

    version: int
    starts: list[tuple[int, int]]
    weights: list[float]
    outer: Outer | None


class Recording(TimeOnly):
    """Keep the calls of `merge`, `step` and `average`."""

    def __init__(self) -> None:
        self.merges: list[Merge] = []
        self.averages: list[tuple[list[int], list[float]]] = []
        self.works: list[Work] = []
        self.dropped: list[list[int]] = []

    def step(self, model: Model, works: Sequence[Work], stages: Stages | None = None) -> Merged:
        self.works += works
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
        self.works += works
        starts = [(work.partner, work.start.version) for work in works]
        self.merges.append(Merge(model.version, starts, list(weights), outer))
        self.dropped.append(list(dropped))
        return super().merge(model, works, weights, outer, distillation, dropped)

    def average(self, models: Sequence[Model], weights: Sequence[float]) -> Version:
        self.averages.append(([model.version for model in models], list(weights)))
        return super().average(models, weights)
