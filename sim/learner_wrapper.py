"""Owns what learners that stand before another one have in common: they pass every call on."""

from collections.abc import Sequence

from sim.decision import Decision
from sim.learner import Distillation, Evaluation, Learner, Merged, Model, Outer, Part, Stages, Work


class LearnerWrapper:
    """Pass all calls on to `learner`; kinds of wrappers do something of their own to some."""

    def __init__(self, learner: Learner) -> None:
        self._learner = learner

    def step(self, model: Model, works: Sequence[Work], stages: Stages | None = None) -> Merged:
        """Take optimizer steps."""
        return self._learner.step(model, works, stages)

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
        return self._learner.merge(model, works, weights, outer, distillation, dropped)

    def initial_model(self, owner: int | None) -> Model:
        """Return the untrained model."""
        return self._learner.initial_model(owner)

    def combine(
        self,
        model: Model,
        replicas: Sequence[Model],
        weights: Sequence[float],
        outer: Outer,
        part: Part | None,
    ) -> Model:
        """Step the shared model with what replicas have moved."""
        return self._learner.combine(model, replicas, weights, outer, part)

    def adopt(self, replicas: Sequence[Model], model: Model, part: Part | None) -> list[Model]:
        """Put the shared model's weights into replicas."""
        return self._learner.adopt(replicas, model, part)

    def mix(self, models: Sequence[Model], weights: Sequence[Sequence[float]]) -> list[Model]:
        """Take weighted means of owned models."""
        return self._learner.mix(models, weights)

    def average(self, models: Sequence[Model], weights: Sequence[float]) -> Model:
        """Take the weighted mean of shared models."""
        return self._learner.average(models, weights)

    def evaluate(self, models: Sequence[Model], jointly: bool = False) -> Evaluation | None:
        """Evaluate models."""
        return self._learner.evaluate(models, jointly)

    def agree(self, decision: Decision) -> Decision:
        """Return the decision that holds for all ranks."""
        return self._learner.agree(decision)
