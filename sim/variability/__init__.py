"""Variability: how much the time of a training step differs from one step to the next.

Each option is a frozen dataclass with `stretch`. Factors have mean 1, so that the hardware profile
keeps its meaning.
"""

from typing import Protocol

import numpy as np


class Variability(Protocol):
    """Draw how long steps take, in units of the mean step."""

    def stretch(self, num_steps: int, rng: np.random.Generator) -> float:
        """Return the time of `num_steps` steps, in mean steps: a number around `num_steps`."""
        ...
