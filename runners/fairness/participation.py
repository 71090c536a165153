"""Owns how evenly partners take part: how often each one's data went into a model, as one index."""

from collections.abc import Sequence

from sim.learner import Distillation, Evaluation, Learner, Merged, Model, Outer, Part, Stages, Work


def jain_index(shares: Sequence[float]) -> float | None:
    """Return (Σ x)² ÷ (n Σ x²): 1 where all have the same, 1/n where one has all (Jain, Chiu & Hawe
    1984); None where nobody has anything.
    """
    squares = sum(share * share for share in shares)
    return sum(shares) ** 2 / (len(shares) * squares) if squares else None


class CountingLearner:
    """Pass everything on; `num_times[k]` is in how many works of steps and merges partner k's data
    were trained on.

    One who computes for all (pool's trainer) does not count for more: it is whose data they are.
    """

    def __init__(self, learner: Learner, num_partners: int) -> None:
        self.num_times = [0] * num_partners
        self._learner = learner

    def step(self, model: Model, works: Sequence[Work], stages: Stages | None = None) -> Merged:
        """Take optimizer steps."""
        self._count(works)
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
        self._count(works)
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

    def _count(self, works: Sequence[Work]) -> None:
        for work in works:
            for holder in work.data_of:
                self.num_times[holder] += 1
