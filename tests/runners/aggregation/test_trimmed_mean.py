"""The trimmed mean against numbers by hand, scipy's, and bad rows."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from scipy.stats import trim_mean

from runners.aggregation.trimmed_mean import TrimmedMean
from tests.runners.aggregation.rules import good_and_bad, ones, random_rows


def test_four_rows_by_hand() -> None:
    updates = torch.tensor([[1.0, 8.0], [2.0, -100.0], [4.0, 2.0], [50.0, 4.0]])
    # one of four goes at each end: (2 + 4) / 2 and (2 + 4) / 2, times 4 * 0.5
    merged = TrimmedMean(fraction=0.25).merge(updates, torch.full((4,), 0.5))
    assert merged.tolist() == [6.0, 6.0]


@pytest.mark.parametrize(("fraction", "num_rows"), [(0.1, 10), (0.25, 9), (0.4, 7), (0.49, 3)])
def test_it_is_scipys(fraction: float, num_rows: int) -> None:
    updates = random_rows(num_rows, 40)
    expected = trim_mean(updates.numpy(), fraction, axis=0)
    merged = TrimmedMean(fraction=fraction).merge(updates, ones(updates))
    np.testing.assert_allclose(merged.numpy(), expected, rtol=1e-12)


def test_a_fraction_is_the_decimal_that_was_written() -> None:
    # 0.29 * 100 is 28.999999999999996 in floats; 29 of 100 go at each end, and leave 29 to 70:
    # (29 + 70) / 2
    updates = torch.arange(100.0)[:, None] ** 2
    expected = float((np.arange(29, 71) ** 2).mean())
    merged = TrimmedMean(fraction=0.29).merge(updates, ones(updates))
    assert merged.item() == pytest.approx(expected)


@settings(deadline=None)
@given(good_and_bad(2, 6))
def test_as_many_bad_rows_as_go_at_an_end_stay_within_the_good_ones_range(
    case: tuple[torch.Tensor, int],
) -> None:
    updates, num_good = case
    merged = TrimmedMean(fraction=0.25).merge(updates, ones(updates))  # 2 of 8 to 3 of 13
    good = updates[:num_good]
    assert (merged >= good.amin(dim=0) - 1e-6).all()
    assert (merged <= good.amax(dim=0) + 1e-6).all()


def test_refuses_to_leave_out_nothing() -> None:
    rule = TrimmedMean(fraction=0.25)
    rule.check(4)
    with pytest.raises(
        ValueError,
        match=r"^aggregation\.fraction must leave out at least 1 of the 3 updates at each end, "
        r"got 0\.25, which leaves out 0; try aggregation\.fraction=0\.34$",
    ):
        rule.merge(torch.zeros(3, 2), torch.ones(3))
    TrimmedMean(fraction=0.34).check(3)
    with pytest.raises(ValueError, match="try aggregation=median"):
        rule.check(2)


@pytest.mark.parametrize("fraction", [0.0, 0.5, -0.1, float("nan")])
def test_refuses_fractions_that_leave_all_or_nothing(fraction: float) -> None:
    with pytest.raises(ValueError, match=r"^fraction must be above 0 and below 0\.5, got"):
        TrimmedMean(fraction=fraction)


def test_costs_the_sorting() -> None:
    # 16 numbers: 16 * 4 comparisons against 16 sums
    assert TrimmedMean(fraction=0.25).merge_passes(16) == 4
