"""Money is divided to the cent."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runners.contribution.payout import divide, payouts, whole_cents


def test_cents_that_are_left_go_to_the_largest_remainders() -> None:
    # 100 × 1/7, 2/7, 4/7 = 14.29, 28.57, 57.14: one cent is left, for 28.57
    assert divide(100, [1, 2, 4]) == [14, 29, 57]
    assert divide(100, [1, 1, 1]) == [34, 33, 33]


def test_who_does_harm_gets_nothing() -> None:
    assert divide(1000, [0.3, -5.0, 0.1]) == [750, 0, 250]
    assert divide(1000, [-0.1, 0.0]) is None


@settings(derandomize=True, deadline=None, max_examples=200)
@given(
    st.integers(1, 10**12),
    st.lists(st.floats(-1e6, 1e6, allow_nan=False), min_size=1, max_size=12),
)
def test_every_cent_is_paid_and_no_more(cents: int, weights: list[float]) -> None:
    paid = divide(cents, weights)
    positive = sum(max(0.0, weight) for weight in weights)
    if not positive:
        assert paid is None
        return
    assert paid is not None and sum(paid) == cents
    for part, weight in zip(paid, weights, strict=True):
        assert abs(part - cents * max(0.0, weight) / positive) < 1 + 1e-3


def test_the_rules_differ() -> None:
    assert payouts(900, [100, 200, 600], [0.2, 0.1, -0.1]) == {
        "equal": [300, 300, 300],
        "by_data": [100, 200, 600],
        "by_contribution": [600, 300, 0],
    }


@pytest.mark.parametrize("sum_usd", [0.0, -5.0, 0.005, float("nan"), float("inf"), 1e13])
def test_no_sum_of_cents_is_refused(sum_usd: float) -> None:
    with pytest.raises(ValueError, match="sum_usd must be above 0, below 1e12 and of whole cents"):
        whole_cents(sum_usd)
    assert whole_cents(0.29) == 29  # 0.29 * 100 is 28.999999999999996
