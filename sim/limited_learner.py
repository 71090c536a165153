"""Owns the learner that a limited number of steps may be taken with: it counts them, and refuses
what would go over the limit.
"""

from collections.abc import Sequence

from sim.allowance import Allowance
from sim.learner import Distillation, Learner, Merged, Model, Outer, Stages, Work
from sim.learner_wrapper import LearnerWrapper


class LimitedLearner(LearnerWrapper):
    """Pass on what is within an allowance; `step` and `merge` raise StepsSpent for what is not."""

    def __init__(self, learner: Learner, allowance: Allowance) -> None:
        super().__init__(learner)
        self._allowance = allowance

    def step(self, model: Model, works: Sequence[Work], stages: Stages | None = None) -> Merged:
        """Take optimizer steps."""
        self._allowance.take(works, together=True)
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
        self._allowance.take(works, together=False)
        return super().merge(model, works, weights, outer, distillation, dropped)
