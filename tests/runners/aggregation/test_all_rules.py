"""What all rules on rows have in common."""

import pytest
import torch

from runners.aggregation import ByRows
from runners.aggregation import rows as row_arithmetic
from tests.runners.aggregation.rules import ON_ROWS, random_rows

WEIGHTS = torch.tensor([0.1, 0.1, 0.05, 0.1, 0.05, 0.1, 0.1], dtype=torch.float64)  # sum 0.6

each_rule = pytest.mark.parametrize("rule", ON_ROWS.values(), ids=ON_ROWS)


@each_rule
def test_equal_rows_give_that_row_times_the_weights_sum(rule: ByRows) -> None:
    row = torch.tensor([0.5, -0.25, 0.0, 0.125])  # |row| = 0.573, within the clipping radius
    merged = rule.merge(row.expand(7, 4), WEIGHTS)
    torch.testing.assert_close(merged, 0.6 * row)


@each_rule
def test_the_order_of_the_rows_does_not_matter(rule: ByRows) -> None:
    updates = random_rows(7, 50)
    order = torch.tensor([3, 6, 0, 5, 1, 4, 2])
    torch.testing.assert_close(
        rule.merge(updates[order], WEIGHTS[order]), rule.merge(updates, WEIGHTS)
    )


@each_rule
def test_twice_the_weights_move_twice_as_far(rule: ByRows) -> None:
    updates = random_rows(7, 50)
    torch.testing.assert_close(rule.merge(updates, 2 * WEIGHTS), 2 * rule.merge(updates, WEIGHTS))


@each_rule
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_type_and_shape_are_those_of_a_row_and_nothing_changes(
    rule: ByRows, dtype: torch.dtype
) -> None:
    updates, weights = random_rows(7, 50).to(dtype), WEIGHTS.to(dtype)
    before = updates.clone()
    merged = rule.merge(updates, weights)
    assert (merged.dtype, merged.shape) == (dtype, (50,))
    assert torch.equal(updates, before)
    torch.testing.assert_close(weights, WEIGHTS.to(dtype))


@each_rule
def test_blocks_of_columns_do_not_matter(rule: ByRows, monkeypatch: pytest.MonkeyPatch) -> None:
    updates = random_rows(7, 50)
    whole = rule.merge(updates, WEIGHTS)
    monkeypatch.setattr(row_arithmetic, "BLOCK_NUMBERS", 21)  # 3 columns of 7, and 2 at the end
    monkeypatch.setattr(row_arithmetic, "LEAST_COLUMNS", 1)
    torch.testing.assert_close(rule.merge(updates, WEIGHTS), whole)


@each_rule
def test_a_row_of_nan_among_seven_does_no_harm(rule: ByRows) -> None:
    updates = random_rows(7, 50)
    updates[2] = torch.nan
    assert rule.merge(updates, WEIGHTS).isfinite().all()


@each_rule
def test_nothing_but_nan_shows(rule: ByRows) -> None:
    assert rule.merge(torch.full((7, 3), torch.nan), WEIGHTS).isnan().all()
