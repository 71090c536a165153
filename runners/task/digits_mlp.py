"""Task `digits_mlp`: 1,797 handwritten digits of 8x8 (UCI, scikit-learn's `load_digits`) and a
small MLP.

Every fifth sample of a fixed shuffle is the held-out test set, the same for all seeds. Small enough
for tests and first tries.
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
from sim.streams import stream

if TYPE_CHECKING:
    import torch

NUM_INPUTS = 64


@dataclass(frozen=True, kw_only=True)
class DigitsMlp:
    """Tell ten digits apart with a 64-`hidden_units`-10 MLP."""

    hidden_units: int
    batch_size: int
    optimizer: str
    learning_rate: float
    num_classes = 10

    def __post_init__(self) -> None:
        check_recipe(self)
        at_least("hidden_units", self.hidden_units, 1, remedy="try task.hidden_units=64")

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
        """Return the labels; digits have no natural key."""
        _, labels, is_test = _load()
        return Index(
            train_labels=labels[~is_test],
            test_labels=labels[is_test],
            train_keys=None,
            test_keys=None,
        )

    def samples(self) -> Samples:
        """Return float32 pixels of shape (num_samples, 64), 0 to 1."""
        images, _, is_test = _load()
        return Samples(train=images[~is_test], test=images[is_test])

    def model(self) -> "torch.nn.Module":
        """Return a new MLP."""
        return mlp.build(NUM_INPUTS, self.hidden_units, self.num_classes)


@cache
def _load() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    with np.load(DATA / "digits.npz") as file:
        images, labels = file["images"], file["labels"]
    is_test = stream(0, "test set", "digits").permutation(len(labels)) % 5 == 0
    return images.reshape(-1, NUM_INPUTS).astype(np.float32) / 16, labels.astype(np.int64), is_test
