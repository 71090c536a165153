"""Owns what partitions share: cutting samples by shares, giving the test set the same mix, and
refusing holdings that a partition can't meet.
"""

from collections.abc import Sequence

import numpy as np

from runners.partition import Holding


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


def require_equal_shares(partition: str, holdings: Sequence[Holding]) -> None:
    """Raise ValueError unless all shares are equal."""
    shares = [holding.share for holding in holdings]
    if max(shares) - min(shares) > 1e-9:
        raise ValueError(
            f"partition={partition} decides itself who holds how much, so all data_share must be "
            f"equal, got shares from {min(shares):.3g} to {max(shares):.3g}; "
            "set equal data_share in the scenario or take partition=iid"
        )


def require_own_skew(partition: str, holdings: Sequence[Holding]) -> None:
    """Raise ValueError unless no partner is to be more skewed than another."""
    skews = [holding.skew for holding in holdings]
    if set(skews) != {1.0}:
        raise ValueError(
            f"partition={partition} has no concentration of labels that data_skew could scale, so "
            f"all data_skew must be 1, got {min(skews):.3g} to {max(skews):.3g}; "
            "set data_skew (scenario=lognormal: data_skew_spread=0) or take partition=dirichlet"
        )
