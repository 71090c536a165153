"""Owns how many steps may draw from partners' examples before one of these has spent too much of
its privacy.

In: what the mechanism allows for so many examples behind so much noise, and who holds how many.
Out: limits that the simulation ends by (`sim.allowance`), the same before a run and in it. No
tensor library.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from sim.allowance import Group

MaxSteps = Callable[[int, int, float], float]
"""From examples held, batch size and relative noise to a number of steps."""


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """Say how many steps may be taken: `sure` are within the limit and soon computed, `most` takes
    seconds.
    """

    sure: MaxSteps
    most: MaxSteps


class ExampleLimits:
    """Limit steps by the examples held (a `sim.allowance.StepLimits`)."""

    def __init__(self, bounds: Bounds, num_held: Sequence[int], batch_size: int) -> None:
        self._sure, self._most = cache(bounds.sure), cache(bounds.most)
        self._num_held = num_held
        self._batch_size = batch_size

    def relative_noise(self, groups: Sequence[Group]) -> list[float]:
        """Return behind how much more noise each group's examples are.

        A group of n examples has weight ∝ n in a sum, and takes min(n, B) of them in the mean, so
        that one weighs ∝ max(n, B). The noise is made for the one that weighs most.
        """
        weights = [max(self._held(group), self._batch_size) for group in groups]
        return [max(weights) / weight for weight in weights]

    def sure_steps(self, group: Group, relative_noise: float) -> float:
        """Return a number of steps that is allowed."""
        return self._sure(self._held(group), self._batch_size, relative_noise)

    def most_steps(self, group: Group, relative_noise: float) -> float:
        """Return the largest number of steps that is allowed."""
        return self._most(self._held(group), self._batch_size, relative_noise)

    def _held(self, group: Group) -> int:
        return sum(self._num_held[partner] for partner in group)
