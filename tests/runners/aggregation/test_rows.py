"""Arithmetic on rows, block by block, against torch on whole rows."""

import pytest
import torch

from runners.aggregation import rows as row_arithmetic
from runners.aggregation.rows import (
    column_blocks,
    distances,
    finite,
    ordered,
    squared_distances,
    weighted_sum,
)
from tests.runners.aggregation.rules import random_rows

UPDATES = random_rows(4, 10)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_arithmetic, "BLOCK_NUMBERS", 16)  # 4 columns of 4
    monkeypatch.setattr(row_arithmetic, "LEAST_COLUMNS", 1)


def test_blocks_cover_the_columns_once() -> None:
    assert list(column_blocks(UPDATES)) == [slice(0, 4), slice(4, 8), slice(8, 10)]
    assert list(column_blocks(torch.zeros(99, 2))) == [slice(0, 1), slice(1, 2)]


def test_sums_and_distances_are_those_of_whole_rows() -> None:
    factors, point = torch.tensor([1.0, 0.0, -2.0, 0.5]), UPDATES[1]
    torch.testing.assert_close(weighted_sum(UPDATES, factors), factors.double() @ UPDATES)
    torch.testing.assert_close(distances(UPDATES, point), (UPDATES - point).norm(dim=1))
    torch.testing.assert_close(
        squared_distances(UPDATES), torch.cdist(UPDATES, UPDATES) ** 2, rtol=1e-10, atol=1e-12
    )


def test_distances_of_float32_rows_of_any_size_are_finite() -> None:
    updates = torch.tensor([[3e38, 3e38], [-3e38, 1.0], [0.0, 0.0]])
    assert distances(updates, updates[2]).isfinite().all()
    assert squared_distances(updates).isfinite().all()


def test_what_is_not_finite_is_infinitely_far() -> None:
    between = squared_distances(torch.tensor([[3.0, 0.0], [torch.nan, 1.0], [0.0, 4.0]]))
    assert between[1].isinf().all()
    assert between[:, 1].isinf().all()
    assert between[0, 2].item() == 25  # 3² + 4²


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_finite_rows_keep_their_weights(bad: float) -> None:
    updates, weights = UPDATES.clone(), torch.tensor([1.0, 2.0, 3.0, 4.0])
    updates[1, 9] = bad
    kept, kept_weights = finite(updates, weights)
    assert torch.equal(kept, UPDATES[[0, 2, 3]])
    assert kept_weights.tolist() == [1.0, 3.0, 4.0]


def test_rows_are_not_copied_where_all_are_finite() -> None:
    assert finite(UPDATES, torch.ones(4))[0] is UPDATES


def test_columns_are_ordered_with_nan_last_and_the_block_stays() -> None:
    block = torch.tensor([[2.0, torch.nan], [3.0, 1.0], [-1.0, 5.0]])
    assert ordered(block)[:, 0].tolist() == [-1.0, 2.0, 3.0]
    assert ordered(block)[:2, 1].tolist() == [1.0, 5.0]
    assert ordered(block)[2, 1].isnan()
    assert block[:, 0].tolist() == [2.0, 3.0, -1.0]
