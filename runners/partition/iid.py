"""Partition `iid`: samples are dealt at random, in proportion to the partners' data shares."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from runners.partition import Assignment, Holding, Index
from runners.partition.cuts import cut, require_own_skew, same_mix


@dataclass(frozen=True, kw_only=True)
class Iid:
    """Give every partner a random sample of the same population."""

    def assign(
        self, index: Index, holdings: Sequence[Holding], rng: np.random.Generator
    ) -> Assignment:
        """Shuffle, then cut by share."""
        require_own_skew("iid", holdings)
        shares = [holding.share for holding in holdings]
        train = cut(rng.permutation(len(index.train_labels)), shares)
        test = same_mix(train, index.train_labels, index.test_labels, rng)
        return Assignment(train=tuple(train), test=tuple(test))
