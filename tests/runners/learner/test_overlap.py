"""A number moves by the weighted mean of those who have it."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from runners.learner.overlap import mean_of_holders


def test_parts_that_overlap_by_hand() -> None:
    # weights 0.5, 0.3, 0.2 hold numbers 0-1, 1-2 and 1; updates 1, 2 and 4 everywhere. Number 0:
    # 0.5 * 1 / 0.5; 1: (0.5 * 1 + 0.3 * 2 + 0.2 * 4) / 1; 2: 0.3 * 2 / 0.3; nobody holds 3
    total = torch.tensor([0.5, 1.9, 0.6, 0.0], dtype=torch.float64)
    holders = [
        (torch.tensor([0, 1]), 0.5),
        (torch.tensor([1, 2]), 0.3),
        (torch.tensor([1]), 0.2),
    ]
    assert mean_of_holders(total, holders).tolist() == pytest.approx([1.0, 1.9, 2.0, 0.0])


def test_the_whole_holds_all() -> None:
    total = torch.tensor([0.9, 0.6], dtype=torch.float64)
    moved = mean_of_holders(total, [(None, 0.6), (torch.tensor([0]), 0.4)])
    assert moved.tolist() == pytest.approx([0.9, 1.0])  # 0.9 / (0.6 + 0.4) and 0.6 / 0.6


@given(held=st.lists(st.integers(1, 1000), min_size=1, max_size=8))
def test_where_all_have_all_it_is_the_weighted_sum(held: list[int]) -> None:
    total = torch.linspace(-1, 1, 5, dtype=torch.float64)
    holders = [(None, samples / sum(held)) for samples in held]
    torch.testing.assert_close(mean_of_holders(total, holders), total, rtol=1e-14, atol=0)


def test_holders_without_weight_move_nothing() -> None:
    assert mean_of_holders(torch.zeros(2).double(), [(None, 0.0)]).tolist() == [0, 0]
