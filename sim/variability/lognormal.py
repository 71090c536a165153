"""Variability `lognormal`: step times with a tail to the right, independent from step to step."""

from dataclasses import dataclass

import numpy as np

from sim.bounds import not_negative


@dataclass(frozen=True, kw_only=True)
class Lognormal:
    """Stretch a step by `exp(sigma z - sigma² / 2)` with standard normal z.

    The mean is 1 and the variance `exp(sigma²) - 1` (Johnson, Kotz & Balakrishnan 1994, chapter
    14): sigma is close to the coefficient of variation where it is small.
    """

    sigma: float

    def __post_init__(self) -> None:
        not_negative("sigma", self.sigma, remedy="0.1 is step times that differ by 10 %")

    def stretch(self, num_steps: int, rng: np.random.Generator) -> float:
        """Return the sum of `num_steps` factors."""
        draws = rng.standard_normal(num_steps)
        return float(np.exp(self.sigma * draws - self.sigma**2 / 2).sum())
