"""Partition `shards`: few labels per partner, as in McMahan et al. 2017.

Samples sorted by label are cut into equal shards, and every partner is dealt `shards_per_partner`
of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from runners.partition import Assignment, Holding, Index
from runners.partition.cuts import require_equal_shares, require_own_skew, same_mix
from sim.bounds import at_least


@dataclass(frozen=True, kw_only=True)
class Shards:
    """Deal shards of sorted labels; 2 per partner is the paper's pathological non-iid case."""

    shards_per_partner: int

    def __post_init__(self) -> None:
        at_least(
            "shards_per_partner",
            self.shards_per_partner,
            1,
            remedy="try partition.shards_per_partner=2",
        )

    def assign(
        self, index: Index, holdings: Sequence[Holding], rng: np.random.Generator
    ) -> Assignment:
        """Sort by label, cut, deal."""
        require_equal_shares("shards", holdings)
        require_own_skew("shards", holdings)
        in_order = np.argsort(index.train_labels, kind="stable")
        shards = np.array_split(in_order, len(holdings) * self.shards_per_partner)
        hands = rng.permutation(len(shards)).reshape(len(holdings), self.shards_per_partner)
        train = [np.sort(np.concatenate([shards[shard] for shard in hand])) for hand in hands]
        test = same_mix(train, index.train_labels, index.test_labels, rng)
        return Assignment(train=tuple(train), test=tuple(test))
