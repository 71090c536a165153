"""Folds test every training sample once, and never one that was trained on."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runners.data import Samples
from runners.folds import fold_index, fold_samples
from runners.partition import Index

label_lists = st.lists(st.integers(0, 2), min_size=4, max_size=30).map(
    lambda few: np.array(few + [0, 1, 2] * 3)
)


def whole(labels: np.ndarray) -> tuple[Index, Samples]:
    """Return data whose sample i has input i and key ki; the test set is one sample."""
    numbers = np.arange(len(labels), dtype=np.float32)[:, np.newaxis]
    keys = np.array([f"k{number}" for number in range(len(labels))], dtype=object)
    test = np.zeros(1, dtype=np.int64)
    index = Index(train_labels=labels, test_labels=test, train_keys=keys, test_keys=keys[:1])
    nothing = np.full((1, 1), -1, dtype=np.float32)
    return index, Samples(train=numbers, test=nothing, train_targets=labels, test_targets=test)


@given(label_lists, st.integers(2, 3))
@settings(max_examples=25, deadline=None)
def test_every_sample_is_held_out_once_and_in_the_labels_mix(labels: np.ndarray, num: int) -> None:
    index, samples = whole(labels)
    parts = [fold_samples(samples, index, num, fold) for fold in range(num)]
    tested = np.concatenate([part.test[:, 0] for part in parts])
    assert sorted(tested) == list(range(len(labels)))
    for part in parts:
        assert sorted([*part.train[:, 0], *part.test[:, 0]]) == list(range(len(labels)))
        for label in np.unique(labels):  # off by less than one
            count = (part.test_targets == label).sum()
            assert abs(count - (labels == label).sum() / num) < 1


@given(label_lists, st.integers(0, 2))
@settings(max_examples=25, deadline=None)
def test_the_index_is_that_of_the_samples(labels: np.ndarray, fold: int) -> None:
    index, samples = whole(labels)
    part, of_part = fold_samples(samples, index, 3, fold), fold_index(index, 3, fold)
    assert np.array_equal(of_part.train_labels, part.train_targets)
    assert np.array_equal(of_part.test_labels, part.test_targets)
    assert of_part.train_keys is not None and of_part.test_keys is not None
    assert of_part.train_keys.tolist() == [f"k{int(one)}" for one in part.train[:, 0]]
    assert of_part.test_keys.tolist() == [f"k{int(one)}" for one in part.test[:, 0]]


def test_samples_without_labels_are_dealt_evenly() -> None:
    index, samples = whole(np.zeros(11, dtype=np.int64))
    sizes = [len(fold_samples(samples, index, 4, fold).test) for fold in range(4)]
    assert sizes == [3, 3, 3, 2]


def test_folds_are_shuffled_and_the_same_each_time() -> None:
    index, samples = whole(np.zeros(20, dtype=np.int64))
    first = fold_samples(samples, index, 2, 0).test[:, 0].tolist()
    assert (
        first != list(range(10)) and first == fold_samples(samples, index, 2, 0).test[:, 0].tolist()
    )


def test_data_without_keys_have_none_in_folds() -> None:
    labels = np.zeros(4, dtype=np.int64)
    index = Index(train_labels=labels, test_labels=labels, train_keys=None, test_keys=None)
    assert fold_index(index, 2, 0).train_keys is None and fold_index(index, 2, 0).test_keys is None


def test_more_folds_than_samples_of_a_label_are_refused() -> None:
    index, _ = whole(np.array([0] * 9 + [1] * 3))
    with pytest.raises(
        ValueError, match=r"training\.num_folds must be at most 3, .* got 4; try .*=3"
    ):
        fold_index(index, 4, 0)


def test_a_label_of_one_sample_has_no_folds() -> None:
    index, _ = whole(np.array([0, 0, 1]))
    with pytest.raises(
        ValueError, match=r"must be at most 1, .* got 2; try training\.num_folds=null"
    ):
        fold_index(index, 2, 0)
