"""Owns how generalised values become model inputs: an interval is its midpoint, a set of words an
equal share for each word.

Both are made of the features of raw rows: a number's feature is linear in it, so that the midpoint
of features is the feature of the midpoint; a word is one-hot, so that the greatest of a class's
features is 1 for the words of its set.
"""

import numpy as np

from runners.anonymity.covers import starts_of


def generalised(features: np.ndarray, classes: np.ndarray, *, is_number: bool) -> np.ndarray:
    """Return a column's features of rows in classes, which are numbers from 0; the shape is kept,
    (num_rows, num_features).
    """
    order, starts = starts_of(classes)
    high = np.maximum.reduceat(features[order], starts)
    if is_number:
        middle = (np.minimum.reduceat(features[order], starts) + high) / 2
        return middle[classes]
    return (high / np.maximum(high.sum(axis=1, keepdims=True), 1))[classes]
