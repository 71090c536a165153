"""Images are moved and mirrored as drawn."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import pad

from runners.learner.augmentation import MAX_SHIFT, augment, draw

IMAGE = torch.tensor([[[[1.0, 2, 3], [4, 5, 6], [7, 8, 9]]]])


def test_nothing_is_drawn_where_nothing_is_augmented() -> None:
    rng = np.random.default_rng(0)
    assert draw("none", (3, 2), rng) is None
    assert rng.bit_generator.state == np.random.default_rng(0).bit_generator.state


def test_shifts_are_whole_numbers_up_to_two_and_mirror_nothing() -> None:
    draws = draw("shift", (50, 8), np.random.default_rng(0))
    assert draws is not None and draws.shape == (50, 8, 3) and draws.dtype == np.int64
    assert set(draws[..., 0].ravel()) == set(draws[..., 1].ravel()) == {-2, -1, 0, 1, 2}
    assert not draws[..., 2].any()


def test_flips_mirror_about_half() -> None:
    draws = draw("flip", (1000,), np.random.default_rng(0))
    assert draws is not None and not draws[:, :2].any()
    assert 400 < draws[:, 2].sum() < 600


@pytest.mark.parametrize(
    ("draws", "expected"),
    [
        ((0, 0, 0), [[1, 2, 3], [4, 5, 6], [7, 8, 9]]),
        ((1, 0, 0), [[0, 0, 0], [1, 2, 3], [4, 5, 6]]),  # down
        ((0, -1, 0), [[2, 3, 0], [5, 6, 0], [8, 9, 0]]),  # left
        ((-2, 1, 0), [[0, 7, 8], [0, 0, 0], [0, 0, 0]]),
        ((0, 0, 1), [[3, 2, 1], [6, 5, 4], [9, 8, 7]]),
        ((0, 1, 1), [[0, 3, 2], [0, 6, 5], [0, 9, 8]]),  # mirrored, then right
    ],
)
def test_by_hand(draws: tuple[int, int, int], expected: list[list[float]]) -> None:
    moved = augment(IMAGE, torch.tensor([draws]))
    assert moved[0, 0].tolist() == expected


@given(
    st.integers(-MAX_SHIFT, MAX_SHIFT),
    st.integers(-MAX_SHIFT, MAX_SHIFT),
    st.booleans(),
    st.integers(0, 1000),
)
def test_each_image_is_padded_and_cropped_as_it_was_drawn(
    down: int, right: int, mirrors: bool, seed: int
) -> None:
    """All channels alike, whatever happens to the other images of the batch."""
    images = torch.rand(2, 3, 5, 4, generator=torch.Generator().manual_seed(seed))
    moved = augment(images, torch.tensor([[0, 0, 0], [down, right, mirrors]]))
    source = images[1].flip(-1) if mirrors else images[1]
    top, left = MAX_SHIFT - down, MAX_SHIFT - right
    cropped = pad(source, [MAX_SHIFT] * 4)[:, top : top + 5, left : left + 4]
    assert torch.equal(moved[0], images[0]) and torch.equal(moved[1], cropped)
