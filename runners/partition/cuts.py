"""Owns the arithmetic that partitions share: cutting samples by shares, and giving the test set the
same mix.
"""

from collections.abc import Sequence

import numpy as np


def cut(samples: np.ndarray, shares: Sequence[float] | np.ndarray) -> list[np.ndarray]:
    """Cut `samples` into consecutive parts in proportion to `shares`, which sum to 1; each is off
    by less than one.
    """
    ends = np.rint(np.cumsum(shares) * len(samples)).astype(int)
    ends[-1] = len(samples)
    return np.split(samples, ends[:-1])


def same_mix(
    train: Sequence[np.ndarray],
    train_labels: np.ndarray,
    test_labels: np.ndarray,
    rng: np.random.Generator,
) -> list[np.ndarray]:
    """Divide the test samples so that of each label a partner gets what it has of that label's
    training samples.
    """
    parts: list[list[np.ndarray]] = [[] for _ in train]
    for label in np.unique(test_labels):
        held = np.array([np.count_nonzero(train_labels[samples] == label) for samples in train])
        shares = held / held.sum() if held.any() else np.full(len(train), 1 / len(train))
        samples = rng.permutation(np.flatnonzero(test_labels == label))
        for part, piece in zip(parts, cut(samples, shares), strict=True):
            part.append(piece)
    return [np.sort(np.concatenate(part)) for part in parts]


def require_equal_shares(partition: str, shares: Sequence[float]) -> None:
    """Raise ValueError unless all shares are equal."""
    if max(shares) - min(shares) > 1e-9:
        raise ValueError(
            f"partition={partition} decides itself who holds how much, so all data_share must be "
            f"equal, got shares from {min(shares):.3g} to {max(shares):.3g}; "
            "set equal data_share in the scenario or take partition=iid"
        )
