"""Data `mnist`: 60,000 handwritten digits of 28x28, and MNIST's own 10,000 test images."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from runners.data import Samples
from runners.data.shipped import SHIPPED
from runners.partition import Index


@dataclass(frozen=True, kw_only=True)
class Mnist:
    """Provide float32 images of shape (1, 28, 28), 0 to 1."""

    inputs = (1, 28, 28)
    vocabulary = None
    target = "class"
    num_classes = 10
    num_values = 0
    sample_bytes = 784 + 1

    def index(self) -> Index:
        """Return the labels; MNIST has no natural key."""
        return Index(
            train_labels=_labels("train"),
            test_labels=_labels("test"),
            train_keys=None,
            test_keys=None,
        )

    def samples(self) -> Samples:
        """Return images and their digits."""
        return Samples(
            train=_images("train"),
            test=_images("test"),
            train_targets=_labels("train"),
            test_targets=_labels("test"),
        )


@cache
def _labels(part: str) -> np.ndarray:
    with np.load(SHIPPED / "mnist.npz") as file:
        return file[f"{part}_labels"].astype(np.int64)


@cache
def _images(part: str) -> np.ndarray:
    with np.load(SHIPPED / "mnist.npz") as file:
        return file[f"{part}_images"].reshape(-1, 1, 28, 28).astype(np.float32) / 255
