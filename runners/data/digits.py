"""Data `digits`: 1,797 handwritten digits of 8x8 (UCI, scikit-learn's `load_digits`).

Every fifth sample of a fixed shuffle is the held-out test set. Small enough for tests and first
tries.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from runners.data import Samples
from runners.data.holdout import divided_index, divided_samples, held_out_fifth
from runners.data.shipped import SHIPPED
from runners.partition import Index


@dataclass(frozen=True, kw_only=True)
class Digits:
    """Provide float32 images of shape (1, 8, 8), 0 to 1."""

    inputs = (1, 8, 8)
    vocabulary = None
    target = "class"
    num_classes = 10
    num_values = 0
    sample_bytes = 64 + 1

    def index(self) -> Index:
        """Return the labels; digits have no natural key."""
        _, labels, is_test = _load()
        return divided_index(labels, None, is_test)

    def samples(self) -> Samples:
        """Return images and their digits."""
        return divided_samples(*_load())


@cache
def _load() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    with np.load(SHIPPED / "digits.npz") as file:
        images, labels = file["images"], file["labels"]
    is_test = held_out_fifth("digits", len(labels))
    return images.reshape(-1, 1, 8, 8).astype(np.float32) / 16, labels.astype(np.int64), is_test
