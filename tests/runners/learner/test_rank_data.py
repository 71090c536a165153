"""Samples on a rank's device, by number."""

import numpy as np
import pytest
import torch

from runners.data import Samples
from runners.learner.rank_data import RankData

CPU = torch.device("cpu")
IMAGES = np.arange(5 * 2 * 2, dtype=np.float32).reshape(5, 1, 2, 2)


def data(inputs: np.ndarray, targets: np.ndarray) -> RankData:
    """Return the first four samples to train on, and the last to test."""
    return RankData(
        Samples(
            train=inputs[:4], test=inputs[4:], train_targets=targets[:4], test_targets=targets[4:]
        ),
        CPU,
    )


def test_batches_of_any_shape_are_one_after_the_other() -> None:
    classes = np.array([5, 6, 7, 8, 9])
    inputs, targets = data(IMAGES, classes).batch(np.array([[3, 0], [0, 2]]))
    assert targets.tolist() == [8, 5, 5, 7]
    assert torch.equal(inputs, torch.from_numpy(IMAGES[[3, 0, 0, 2]]))


@pytest.mark.parametrize("stored", [np.uint8, np.int16, np.int64])
def test_whole_numbers_may_be_stored_small(stored: type) -> None:
    tokens = np.arange(10).reshape(5, 2).astype(stored)
    held = data(tokens, tokens[:, 0])
    inputs, targets = held.batch(np.array([1]))
    assert inputs.dtype == targets.dtype == held.test_inputs.dtype == torch.int64
    assert held.test_targets.dtype == torch.int64
    assert inputs.tolist() == [[2, 3]] and held.test_inputs.tolist() == [[8, 9]]


def test_values_stay_floats() -> None:
    held = data(IMAGES, IMAGES)
    assert held.batch(np.array([0]))[1].dtype == held.test_targets.dtype == torch.float32


def test_draws_move_inputs_and_not_targets() -> None:
    """The second of two copies of [[0, 1], [2, 3]] is mirrored."""
    draws = np.array([[[0, 0, 0], [0, 0, 1]]])
    inputs, targets = data(IMAGES, IMAGES).batch(np.array([[0, 0]]), draws)
    assert inputs[:, 0].tolist() == [[[0, 1], [2, 3]], [[1, 0], [3, 2]]]
    assert torch.equal(targets[0], targets[1])


def test_what_is_taken_is_a_copy() -> None:
    held = data(IMAGES.copy(), IMAGES.copy())
    held.batch(np.array([0]))[0].zero_()
    assert torch.equal(held.batch(np.array([0]))[0], torch.from_numpy(IMAGES[:1]))


def test_passing_samples_are_the_same_until_the_next_ones() -> None:
    held = data(IMAGES, IMAGES)
    first, targets = held.batch(np.array([1, 0]), is_passing=True)
    assert torch.equal(first, torch.from_numpy(IMAGES[[1, 0]]))
    assert torch.equal(targets, first)
    second, _ = held.batch(np.array([0]), is_passing=True)
    assert torch.equal(second[0], first[0])
    assert torch.equal(targets, torch.from_numpy(IMAGES[[1, 0]]))
