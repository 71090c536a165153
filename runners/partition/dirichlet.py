"""Partition `dirichlet`: label skew, the usual model of non-iid partners.

Each label's samples are divided by proportions drawn from a Dirichlet distribution with mean
`shares` and concentration `alpha * num_partners` (Hsu, Qi & Brown 2019; Li et al. 2022): alpha 100
is nearly iid, 0.1 leaves most partners one or two labels.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from runners.partition import Assignment, Index
from runners.partition.cuts import cut, same_mix
from sim.bounds import positive


@dataclass(frozen=True, kw_only=True)
class Dirichlet:
    """Skew the labels; equal shares give the symmetric Dirichlet(alpha) of the papers."""

    alpha: float

    def __post_init__(self) -> None:
        positive("alpha", self.alpha, remedy="0.3 is strong skew, 100 is nearly iid")

    def assign(self, index: Index, shares: Sequence[float], rng: np.random.Generator) -> Assignment:
        """Divide label by label."""
        concentration = self.alpha * len(shares) * np.asarray(shares)
        parts: list[list[np.ndarray]] = [[] for _ in shares]
        for label in np.unique(index.train_labels):
            samples = rng.permutation(np.flatnonzero(index.train_labels == label))
            for part, piece in zip(parts, cut(samples, rng.dirichlet(concentration)), strict=True):
                part.append(piece)
        train = [np.sort(np.concatenate(part)) for part in parts]
        test = same_mix(train, index.train_labels, index.test_labels, rng)
        return Assignment(train=tuple(train), test=tuple(test))
