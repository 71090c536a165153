"""The coordinate-wise median against numbers by hand, numpy's, and bad rows."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from runners.aggregation.median import Median
from tests.runners.aggregation.rules import good_and_bad, ones, random_rows


def test_three_rows_by_hand() -> None:
    updates = torch.tensor([[1.0, 5.0], [2.0, -1.0], [9.0, 0.0]])
    # medians 2 and 0, times 0.2 + 0.2 + 0.1
    merged = Median().merge(updates, torch.tensor([0.2, 0.2, 0.1]))
    assert merged.tolist() == pytest.approx([1.0, 0.0])


@pytest.mark.parametrize("num_rows", [1, 2, 3, 4, 9, 10])
def test_it_is_numpys(num_rows: int) -> None:
    updates = random_rows(num_rows, 40)
    expected = np.median(updates.numpy(), axis=0)
    np.testing.assert_allclose(Median().merge(updates, ones(updates)).numpy(), expected, rtol=1e-14)


@settings(deadline=None)
@given(st.integers(1, 4).flatmap(lambda num_bad: good_and_bad(num_bad, num_bad + 1)))
def test_a_bad_minority_can_not_leave_the_good_ones_range(case: tuple[torch.Tensor, int]) -> None:
    updates, num_good = case
    merged = Median().merge(updates, ones(updates))
    good = updates[:num_good]
    assert (merged >= good.amin(dim=0) - 1e-6).all()
    assert (merged <= good.amax(dim=0) + 1e-6).all()


def test_costs_the_sorting() -> None:
    # 8 numbers: 8 * 3 comparisons against 8 sums
    assert Median().merge_passes(8) == 3
    assert Median().merge_passes(1) == 1
