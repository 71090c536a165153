"""Partition `natural`: partners are what the data say they are, such as the mailing list a mail
came from.

The largest keys get a partner each, smaller keys join the partner that holds least; samples without
a key are dealt at random in proportion to what each partner holds by key.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from runners.partition import Assignment, Holding, Index
from runners.partition.cuts import cut, require_equal_shares, require_own_skew


@dataclass(frozen=True, kw_only=True)
class Natural:
    """Divide by the task's natural key."""

    def assign(
        self, index: Index, holdings: Sequence[Holding], rng: np.random.Generator
    ) -> Assignment:
        """Give every key to one partner."""
        if index.train_keys is None or index.test_keys is None:
            raise ValueError(
                "partition=natural needs a task whose samples have a key, such as task=spam_cnn; "
                "this task's have none: take partition=dirichlet"
            )
        require_equal_shares("natural", holdings)
        require_own_skew("natural", holdings)
        sizes = Counter(index.train_keys[index.train_keys != ""].tolist())
        if len(sizes) < len(holdings):
            raise ValueError(
                f"partition=natural has {len(sizes)} keys in this task, too few for "
                f"{len(holdings)} partners; take at most {len(sizes)} partners"
            )
        owners, held = _owners(sizes, len(holdings))
        train = _by_owner(index.train_keys, owners, held / held.sum(), rng)
        test = _by_owner(index.test_keys, owners, held / held.sum(), rng)
        return Assignment(train=tuple(train), test=tuple(test))


def _owners(sizes: Counter[str], num_partners: int) -> tuple[dict[str, int], np.ndarray]:
    """Return each key's partner, and the samples each partner holds by key."""
    held = np.zeros(num_partners)
    owners = {}
    for key, size in sorted(sizes.items(), key=lambda item: (-item[1], item[0])):
        owners[key] = int(held.argmin())
        held[owners[key]] += size
    return owners, held


def _by_owner(
    keys: np.ndarray, owners: dict[str, int], shares: np.ndarray, rng: np.random.Generator
) -> list[np.ndarray]:
    owner = np.array([owners.get(key, -1) for key in keys.tolist()])
    rest = cut(rng.permutation(np.flatnonzero(owner == -1)), shares)
    return [
        np.sort(np.concatenate([np.flatnonzero(owner == partner), part]))
        for partner, part in enumerate(rest)
    ]
