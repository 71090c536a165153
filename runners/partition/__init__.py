"""Partitions: who holds which samples. Each option is a frozen dataclass with `assign`.

The held-out test set is divided like the training set, so that a partner's own test slice looks
like its own data; no partner trains on any of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from sim.consortium import Site
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


@dataclass(frozen=True, kw_only=True)
class Holding:
    """Say what one partner is to hold: its share of all samples, and how much more skewed than the
    partition's own setting its labels are (1.0: not at all).
    """

    share: float
    skew: float


class Partition(Protocol):
    """Divide a task's samples among partners."""

    def assign(
        self, index: Index, holdings: Sequence[Holding], rng: np.random.Generator
    ) -> Assignment:
        """Give every sample to one partner; the shares of the holdings sum to 1.

        Raises ValueError where the task lacks what the partition needs, or the holdings can't be
        met.
        """
        ...


def divide(index: Index, partition: Partition, sites: Sequence[Site], seed: int) -> Assignment:
    """Return the assignment of `partition` to the partners of `sites` under `seed`; the same on
    every rank.
    """
    total = sum(site.data_share for site in sites)
    holdings = [Holding(share=site.data_share / total, skew=site.data_skew) for site in sites]
    return partition.assign(index, holdings, stream(seed, "partition"))
