"""Owns the order in which a trainer sees its samples: shuffled passes, one after another, cut into
batches.
"""

import numpy as np


class Batches:
    """Draw sample numbers without end; every pass over `samples` is a new shuffle from `rng`."""

    def __init__(self, samples: np.ndarray, rng: np.random.Generator) -> None:
        self._samples = samples
        self._rng = rng
        self._ahead = np.empty(0, dtype=samples.dtype)

    def take(self, count: int) -> np.ndarray:
        """Return the next `count` sample numbers; a batch may reach over the end of a pass."""
        while len(self._ahead) < count:
            self._ahead = np.concatenate([self._ahead, self._rng.permutation(self._samples)])
        taken, self._ahead = self._ahead[:count], self._ahead[count:]
        return taken
