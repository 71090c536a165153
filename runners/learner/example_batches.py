"""Owns which examples a private step takes, so that what is accounted for is what happened.

With `poisson` every example is in a step with probability expected count / examples, by itself:
batches have varying sizes, and may be empty. With `shuffled` they come from shuffled passes, and an
example is in at most one step of a pass; a batch that reaches over the end of a pass leaves out
whom it has already.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from runners.example_rule import expected_count
from runners.learner.batches import Batches


@dataclass(frozen=True, kw_only=True, eq=False)
class Taken:
    """Hold the samples of steps, int64 of shape (num_steps, width), of which the first `counts`,
    (num_steps,), take part and the others fill up; `expected` take part in the mean.
    """

    samples: np.ndarray
    counts: np.ndarray
    expected: int


class ExampleBatches(Batches):
    """Draw the examples of private steps."""

    def __init__(
        self,
        samples: np.ndarray,
        rng: np.random.Generator,
        augmentation: str,
        sampling: str,
    ) -> None:
        super().__init__(samples, rng, augmentation)
        self._sampling = sampling

    def steps(self, num_steps: int, batch_size: int) -> Taken:
        """Return the examples of the next steps."""
        expected = expected_count(len(self._samples), batch_size)
        if self._sampling == "poisson":
            batches = self._poisson(num_steps, expected)
        else:
            batches = [_distinct(self.take(batch_size)) for _ in range(num_steps)]
        counts = np.array([len(batch) for batch in batches])
        shape = (num_steps, max(1, int(counts.max())))
        samples = np.full(shape, self._samples[0])
        for row, batch in zip(samples, batches, strict=True):
            row[: len(batch)] = batch
        return Taken(samples=samples, counts=counts, expected=expected)

    def _poisson(self, num_steps: int, expected: int) -> list[np.ndarray]:
        """Draw how many take part, which is binomial, and then who."""
        held = len(self._samples)
        counts = self._rng.binomial(held, expected / held, num_steps)
        return [
            self._samples[self._rng.choice(held, count, replace=False, shuffle=False)]
            for count in counts
        ]


@dataclass(frozen=True, kw_only=True, eq=False)
class UnionStep:
    """Hold the examples of one step of several trainers, those of the first before those of the
    second: their numbers, how to augment them, and what each trainer has taken.
    """

    samples: np.ndarray
    draws: np.ndarray | None
    taken: tuple[Taken, ...]


def union_step(orders: Sequence[ExampleBatches], batch_size: int) -> UnionStep:
    """Return the examples of the next step of all."""
    taken = tuple(order.steps(1, batch_size) for order in orders)
    samples = [one.samples[0, : one.counts[0]] for one in taken]
    drawn = [order.draws(some.shape) for order, some in zip(orders, samples, strict=True)]
    draws = [one for one in drawn if one is not None]
    return UnionStep(
        samples=np.concatenate(samples),
        draws=np.concatenate(draws) if draws else None,
        taken=taken,
    )


def _distinct(numbers: np.ndarray) -> np.ndarray:
    """Return each number once, where it comes first."""
    first = np.unique(numbers, return_index=True)[1]
    return numbers if len(first) == len(numbers) else numbers[np.sort(first)]
