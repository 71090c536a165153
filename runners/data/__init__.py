"""Data sets: samples, what is to be learned of each, and who they naturally belong to.

Each option is a frozen dataclass. What the virtual clock needs (counts, bytes) is known without
loading the samples' contents, but for users' own tables. The held-out test set is the same for all
seeds.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from runners.partition import Index

TARGETS = ("class", "next_token", "inputs", "values")


@dataclass(frozen=True, kw_only=True)
class Samples:
    """Hold model inputs and what is to be said of them, for training and for the held-out test.

    Inputs are of shape (num_samples, *inputs): float32, or int64 below the vocabulary where they
    are tokens (any integer type in storage). Targets are class numbers of shape (num_samples,) or
    tokens of shape (num_samples, length), int64 (likewise), or float32: of the inputs' shape, or
    values of shape (num_samples, num_values).
    """

    train: np.ndarray
    test: np.ndarray
    train_targets: np.ndarray
    test_targets: np.ndarray


class Data(Protocol):
    """Provide samples. Equal settings make equal objects, so that data are loaded once."""

    @property
    def inputs(self) -> tuple[int, ...]:
        """The shape of one sample: (features,), (channels, height, width) or (tokens,)."""
        ...

    @property
    def vocabulary(self) -> int | None:
        """Tokens are numbers below this; None where inputs are no tokens."""
        ...

    @property
    def target(self) -> str:
        """One of `TARGETS`: a class, the next token at each place, the inputs themselves, or
        values, which are numbers of any size.
        """
        ...

    @property
    def num_classes(self) -> int:
        """The number of classes, the vocabulary for next tokens, 1 where the target is numbers."""
        ...

    @property
    def num_values(self) -> int:
        """How many numbers a sample's target consists of; 0 where it is a class or tokens."""
        ...

    @property
    def sample_bytes(self) -> int:
        """The bytes that move when one raw sample moves, label included."""
        ...

    def __hash__(self) -> int:
        """Frozen dataclasses have it."""
        ...

    def index(self) -> Index:
        """Return labels (classes, or 0 for all) and natural keys, for partitions."""
        ...

    def samples(self) -> Samples:
        """Return the samples, in the order of `index`."""
        ...
