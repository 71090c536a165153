"""Owns which samples are the held-out test set, and how index and samples are divided by it.

The shuffle is that of the data set's name and no run's seed, so all runs hold out the same.
"""

import numpy as np

from runners.data import Samples
from runners.partition import Index
from sim.streams import stream


def held_out_fifth(name: str, num: int) -> np.ndarray:
    """Return which of `num` things are held out, bool of shape (num,): every fifth of a fixed
    shuffle.
    """
    return stream(0, "test set", name).permutation(num) % 5 == 0


def held_out_groups(name: str, groups: np.ndarray) -> np.ndarray:
    """Return which samples are held out: as many whole groups as make up a fifth and no more.

    `groups` are numbers from 0, int64 of shape (num_samples,).
    """
    sizes = np.bincount(groups)
    order = stream(0, "test set", name).permutation(len(sizes))
    is_test = np.zeros(len(sizes), dtype=bool)
    is_test[order] = np.cumsum(sizes[order]) <= len(groups) / 5
    return is_test[groups]


def stratified_fifth(name: str, labels: np.ndarray) -> np.ndarray:
    """Return which samples are held out: every fifth of a fixed shuffle that is sorted by label.

    Of n samples of a label at least n/5 rounded down are held out, and at most that rounded up.
    """
    order = stream(0, "test set", name).permutation(len(labels))
    order = order[np.argsort(labels[order], kind="stable")]
    is_test = np.zeros(len(labels), dtype=bool)
    is_test[order[::5]] = True
    return is_test


def divided_index(labels: np.ndarray, keys: np.ndarray | None, is_test: np.ndarray) -> Index:
    """Return the index of samples of which `is_test` tells the held-out ones."""
    return Index(
        train_labels=labels[~is_test],
        test_labels=labels[is_test],
        train_keys=None if keys is None else keys[~is_test],
        test_keys=None if keys is None else keys[is_test],
    )


def divided_samples(inputs: np.ndarray, targets: np.ndarray, is_test: np.ndarray) -> Samples:
    """Return samples of which `is_test` tells the held-out ones."""
    train, test = inputs[~is_test], inputs[is_test]
    if targets is inputs:  # an autoencoder's, which need no second copy
        return Samples(train=train, test=test, train_targets=train, test_targets=test)
    return Samples(
        train=train,
        test=test,
        train_targets=targets[~is_test],
        test_targets=targets[is_test],
    )
