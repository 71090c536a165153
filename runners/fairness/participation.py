"""Owns how evenly partners take part: how often each one's data went into a model, as one index."""

from collections.abc import Sequence

from sim.learner import Distillation, Learner, Merged, Model, Outer, Stages, Work
from sim.learner_wrapper import LearnerWrapper


def jain_index(shares: Sequence[float]) -> float | None:
    """Return (Σ x)² ÷ (n Σ x²): 1 where all have the same, 1/n where one has all (Jain, Chiu & Hawe
    1984); None where nobody has anything.
    """
    squares = sum(share * share for share in shares)
    return sum(shares) ** 2 / (len(shares) * squares) if squares else None


class CountingLearner(LearnerWrapper):
    """Pass everything on; `num_times[k]` is in how many works of steps and merges partner k's data
    were trained on.

    One who computes for all (pool's trainer) does not count for more: it is whose data they are.
    """

    def __init__(self, learner: Learner, num_partners: int) -> None:
        super().__init__(learner)
        self.num_times = [0] * num_partners

    def step(self, model: Model, works: Sequence[Work], stages: Stages | None = None) -> Merged:
        """Take optimizer steps."""
        self._count(works)
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
        self._count(works)
        return super().merge(model, works, weights, outer, distillation, dropped)

    def _count(self, works: Sequence[Work]) -> None:
        for work in works:
            for holder in work.data_of:
                self.num_times[holder] += 1
