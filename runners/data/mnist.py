"""Data `mnist`: 60,000 handwritten digits of 28x28, or some of them, and MNIST's own 10,000 test
images.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from runners.data import Samples
from runners.data.shipped import SHIPPED
from runners.partition import Index
from sim.streams import stream

NUM_TRAIN = 60_000


@dataclass(frozen=True, kw_only=True)
class Mnist:
    """Provide float32 images of shape (1, 28, 28), 0 to 1.

    `num_samples` images, drawn once for all seeds, are for training; None takes all.
    """

    num_samples: int | None

    inputs = (1, 28, 28)
    vocabulary = None
    target = "class"
    num_classes = 10
    num_values = 0
    sample_bytes = 784 + 1

    def __post_init__(self) -> None:
        if self.num_samples is not None and not 1 <= self.num_samples <= NUM_TRAIN:
            raise ValueError(
                f"num_samples must be between 1 and {NUM_TRAIN}, got {self.num_samples}; "
                "try task.data.num_samples=null for all"
            )

    def index(self) -> Index:
        """Return the labels; MNIST has no natural key."""
        return Index(
            train_labels=self._chosen(_labels("train")),
            test_labels=_labels("test"),
            train_keys=None,
            test_keys=None,
        )

    def samples(self) -> Samples:
        """Return images and their digits."""
        return Samples(
            train=self._chosen(_images("train")),
            test=_images("test"),
            train_targets=self._chosen(_labels("train")),
            test_targets=_labels("test"),
        )

    def _chosen(self, everything: np.ndarray) -> np.ndarray:
        if self.num_samples is None:
            return everything
        order = stream(0, "samples", "mnist").permutation(NUM_TRAIN)
        return everything[np.sort(order[: self.num_samples])]


@cache
def _labels(part: str) -> np.ndarray:
    with np.load(SHIPPED / "mnist.npz") as file:
        return file[f"{part}_labels"].astype(np.int64)


@cache
def _images(part: str) -> np.ndarray:
    with np.load(SHIPPED / "mnist.npz") as file:
        return file[f"{part}_images"].reshape(-1, 1, 28, 28).astype(np.float32) / 255
