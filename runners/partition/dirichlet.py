"""Partition `dirichlet`: label skew, the usual model of non-iid partners.

Each label's samples are divided by proportions drawn from a Dirichlet distribution with mean
`shares` and concentration `alpha * num_partners` (Hsu, Qi & Brown 2019; Li et al. 2022): alpha 100
is nearly iid, 0.1 leaves most partners one or two labels. A partner with a skew has alpha / skew
as the concentration of its own mix of labels, and about as many samples as without.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from runners.partition import Assignment, Holding, Index
from runners.partition.cuts import cut, same_mix
from sim.bounds import positive


@dataclass(frozen=True, kw_only=True)
class Dirichlet:
    """Skew the labels; equal shares give the symmetric Dirichlet(alpha) of the papers."""

    alpha: float

    def __post_init__(self) -> None:
        positive("alpha", self.alpha, remedy="0.3 is strong skew, 100 is nearly iid")

    def assign(
        self, index: Index, holdings: Sequence[Holding], rng: np.random.Generator
    ) -> Assignment:
        """Divide label by label."""
        shares = np.array([holding.share for holding in holdings])
        skews = np.array([holding.skew for holding in holdings])
        concentration = self.alpha * len(holdings) * shares
        labels = np.unique(index.train_labels)
        masses = _masses(concentration, skews, len(labels), rng)
        parts: list[list[np.ndarray]] = [[] for _ in holdings]
        for label, mass in zip(labels, masses, strict=True):
            samples = rng.permutation(np.flatnonzero(index.train_labels == label))
            proportions = mass / mass.sum() if mass.any() else rng.dirichlet(concentration / skews)
            for part, piece in zip(parts, cut(samples, proportions), strict=True):
                part.append(piece)
        train = [np.sort(np.concatenate(part)) for part in parts]
        test = same_mix(train, index.train_labels, index.test_labels, rng)
        return Assignment(train=tuple(train), test=tuple(test))


def _masses(
    concentration: np.ndarray, skews: np.ndarray, num_labels: int, rng: np.random.Generator
) -> np.ndarray:
    """Return what each partner wants of each label, of shape (num_labels, num_partners); all zero
    where no partner has a skew.

    A Dirichlet draw is independent gamma draws over their sum, and a partner's gamma draws are
    their sum, again gamma, times an independent Dirichlet mix (Lukacs 1955). The skew belongs to
    the mix alone. Dividing its concentration in the draws label by label would take samples from
    the partner as well, as a smaller share does.
    """
    if (skews == 1).all():
        return np.zeros((num_labels, len(skews)))
    sums = rng.standard_gamma(num_labels * concentration)
    mixes = [rng.dirichlet(np.full(num_labels, alpha)) for alpha in concentration / skews]
    return (sums[:, np.newaxis] * np.array(mixes)).T
