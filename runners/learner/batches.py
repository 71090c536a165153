"""Owns the order in which a trainer sees its samples: shuffled passes, one after another, cut into
batches; and what chance does to each sample (augmentation, dropout's seed).
"""

from typing import Any

import numpy as np

from runners.learner.augmentation import draw


class Batches:
    """Draw sample numbers without end; every pass over `samples` is a new shuffle from `rng`."""

    def __init__(
        self, samples: np.ndarray, rng: np.random.Generator, augmentation: str = "none"
    ) -> None:
        self._samples = samples
        self._rng = rng
        self._augmentation = augmentation
        self._ahead = np.empty(0, dtype=samples.dtype)

    def take(self, count: int) -> np.ndarray:
        """Return the next `count` sample numbers; a batch may reach over the end of a pass."""
        while len(self._ahead) < count:
            self._ahead = np.concatenate([self._ahead, self._rng.permutation(self._samples)])
        taken, self._ahead = self._ahead[:count], self._ahead[count:]
        return taken

    def draws(self, shape: tuple[int, ...]) -> np.ndarray | None:
        """Return how to augment the samples just taken; None where nothing is augmented."""
        return draw(self._augmentation, shape, self._rng)

    def seed(self) -> int:
        """Return a seed for what else is left to chance in the samples just taken."""
        return int(self._rng.integers(2**63))

    def state(self) -> dict[str, Any]:
        """Return what `restore` needs to go on from here."""
        return {"rng": self._rng.bit_generator.state, "ahead": self._ahead.tolist()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from where `state` was taken."""
        self._rng.bit_generator.state = state["rng"]
        self._ahead = np.array(state["ahead"], dtype=self._samples.dtype)
