"""Partitions: who holds which samples. Each option is a frozen dataclass with `assign`.

The held-out test set is divided like the training set, so that a partner's own test slice looks
like its own data; no partner trains on any of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from sim.streams import stream


@dataclass(frozen=True, kw_only=True)
class Index:
    """Hold what a partition may look at: labels, and the natural key of each sample where the task
    has one.

    Labels are int64 of shape (num_samples,); keys are text, an empty text is a sample without a
    key.
    """

    train_labels: np.ndarray
    test_labels: np.ndarray
    train_keys: np.ndarray | None
    test_keys: np.ndarray | None


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """Hold the sample numbers of each partner, int64, in the training and in the test set."""

    train: tuple[np.ndarray, ...]
    test: tuple[np.ndarray, ...]


class Partition(Protocol):
    """Divide a task's samples among partners."""

    def assign(self, index: Index, shares: Sequence[float], rng: np.random.Generator) -> Assignment:
        """Give every sample to one partner; `shares` are the partners' data shares, which sum to 1.

        Raises ValueError where the task lacks what the partition needs, or the shares can't be met.
        """
        ...


def divide(index: Index, partition: Partition, shares: Sequence[float], seed: int) -> Assignment:
    """Return the assignment of `partition` under `seed`; the same on every rank."""
    total = sum(shares)
    return partition.assign(index, [share / total for share in shares], stream(seed, "partition"))
