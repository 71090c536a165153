"""Partition `iid`: samples are dealt at random, in proportion to the partners' data shares."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from runners.partition import Assignment, Index
from runners.partition.cuts import cut, same_mix


@dataclass(frozen=True, kw_only=True)
class Iid:
    """Give every partner a random sample of the same population."""

    def assign(self, index: Index, shares: Sequence[float], rng: np.random.Generator) -> Assignment:
        """Shuffle, then cut by share."""
        train = cut(rng.permutation(len(index.train_labels)), shares)
        test = same_mix(train, index.train_labels, index.test_labels, rng)
        return Assignment(train=tuple(train), test=tuple(test))
