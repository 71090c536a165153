"""Task `mnist_mlp`: MNIST with the MLP 784-128-10 of source system M3.

The held-out test set is MNIST's own 10,000 images.
"""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from runners.model import mlp
from runners.partition import Index
from runners.task import Samples, check_recipe
from runners.task.files import DATA
from sim.bounds import at_least

if TYPE_CHECKING:
    import torch

NUM_INPUTS = 784


@dataclass(frozen=True, kw_only=True)
class MnistMlp:
    """Tell ten digits apart with a 784-`hidden_units`-10 MLP."""

    hidden_units: int
    batch_size: int
    optimizer: str
    learning_rate: float
    num_classes = 10

    def __post_init__(self) -> None:
        check_recipe(self)
        at_least("hidden_units", self.hidden_units, 1, remedy="try task.hidden_units=128")

    @property
    def num_parameters(self) -> int:
        """Weights and biases."""
        return sum(self.tensor_parameters())

    @property
    def train_flops_per_sample(self) -> float:
        """FLOPs of one sample's forward and backward pass."""
        return mlp.train_flops_per_sample(NUM_INPUTS, self.hidden_units, self.num_classes)

    @property
    def sample_bytes(self) -> int:
        """One byte per pixel, and one for the label."""
        return NUM_INPUTS + 1

    def tensor_parameters(self) -> tuple[int, ...]:
        """Return the sizes of the model's tensors."""
        return mlp.tensor_parameters(NUM_INPUTS, self.hidden_units, self.num_classes)

    def index(self) -> Index:
        """Return the labels; MNIST has no natural key."""
        return Index(
            train_labels=_labels("train"),
            test_labels=_labels("test"),
            train_keys=None,
            test_keys=None,
        )

    def samples(self) -> Samples:
        """Return float32 pixels of shape (num_samples, 784), 0 to 1."""
        return Samples(train=_images("train"), test=_images("test"))

    def model(self) -> "torch.nn.Module":
        """Return a new MLP."""
        return mlp.build(NUM_INPUTS, self.hidden_units, self.num_classes)


@cache
def _labels(part: str) -> np.ndarray:
    with np.load(DATA / "mnist.npz") as file:
        return file[f"{part}_labels"].astype(np.int64)


@cache
def _images(part: str) -> np.ndarray:
    with np.load(DATA / "mnist.npz") as file:
        return file[f"{part}_images"].reshape(-1, NUM_INPUTS).astype(np.float32) / 255
