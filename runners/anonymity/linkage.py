"""Owns a linkage attack: someone who knows a person's quasi-identifiers looks for the published row
that is nearest to them.

Rows are compared as model inputs, by Euclidean distance. Where several are nearest, one of them is
taken at random, of which the expected success is returned.
"""

import numpy as np

SAME_DISTANCE = 1e-6
"""Squared distances of float32 features that differ by less are the same."""


def linkage_success(
    known: np.ndarray, own_classes: np.ndarray, published: np.ndarray, sizes: np.ndarray
) -> float:
    """Return the share of persons whose own row is found.

    `known` are the persons' raw features, (num_persons, num_features), `own_classes` the classes of
    their rows; `published` are the features of each class, `sizes` its rows.
    """
    from scipy.spatial.distance import cdist

    distances = cdist(known, published, "sqeuclidean")
    is_nearest = distances <= distances.min(axis=1, keepdims=True) + SAME_DISTANCE
    is_found = is_nearest[np.arange(len(known)), own_classes]
    return float((is_found / (is_nearest @ sizes)).mean())
