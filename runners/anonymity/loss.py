"""Owns what generalisation costs in information.

The normalised certainty penalty (Xu et al. 2006) is the part of its domain that a published value
spans, 0 for a single value and 1 for the whole domain, in the mean over rows and columns. The
discernibility (Bayardo and Agrawal 2005) is the sum of the squares of class sizes: the rows that
each row can't be told from, itself included.
"""

from collections.abc import Sequence

import numpy as np

from runners.anonymity.covers import Cover


def certainty_penalty(published: Sequence[Cover], sizes: np.ndarray) -> float:
    """Return the mean penalty, 0 to 1; `sizes` are the rows of each class."""
    losses = np.mean([cover.losses() for cover in published], axis=0)
    return (losses @ sizes / sizes.sum()).item()


def discernibility(sizes: np.ndarray) -> int:
    """Return the sum of squares of class sizes."""
    return int((sizes.astype(np.int64) ** 2).sum())
