"""Variability `none`: every step takes the mean time, as in textbook formulas."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Steady:
    """Leave the hardware profile's step time as it is."""

    def stretch(self, num_steps: int, rng: np.random.Generator) -> float:
        """Return `num_steps`; nothing is drawn."""
        return float(num_steps)
