"""Owns what a class of rows must hold: at least k rows (k-anonymity, Sweeney 2002), and among them
labels of at least l kinds (l-diversity, Machanavajjhala et al. 2007); and the plan of a table.
"""

from dataclasses import dataclass

import numpy as np

DIVERSITIES = ("distinct", "entropy")


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Ask for `k` rows and a diversity of `least_diversity`, counted as `diversity` says."""

    k: int
    least_diversity: float
    diversity: str

    def holds(self, counts: np.ndarray) -> np.ndarray:
        """Return which classes may be published, from how many rows of each label they have, of
        shape (num_classes, num_labels).
        """
        enough = counts.sum(axis=1) >= self.k
        return enough & (self.diversity_of(counts) >= self.least_diversity - 1e-9)

    def diversity_of(self, counts: np.ndarray) -> np.ndarray:
        """Return the labels that a class has, or e to the entropy of their shares; 0 where it has
        no rows.
        """
        if self.diversity == "distinct":
            return (counts > 0).sum(axis=1).astype(float)
        sizes = counts.sum(axis=1, keepdims=True)
        shares = counts / np.maximum(sizes, 1)
        logs = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
        return np.where(sizes[:, 0] > 0, np.exp(-(shares * logs).sum(axis=1)), 0.0)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Name the columns that are dropped and those that are generalised until `rule` holds."""

    rule: Rule
    dropped: tuple[str, ...]
    generalised: tuple[str, ...]
