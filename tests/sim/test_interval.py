"""Intervals by hand, and how much of what drifts they hold."""

import math

import numpy as np
import pytest

from sim.interval import AdaptiveInterval
from sim.streams import stream


def after(ratios: list[float]) -> AdaptiveInterval:
    one = AdaptiveInterval()
    for ratio in ratios:
        one.learn(ratio)
    return one


def numbers(number: int) -> list[float]:
    """Return 1, 2, … up to a number, the outer ones first: each is amid those before it."""
    return sorted(map(float, range(1, number + 1)), key=lambda one: -abs(one - (number + 1) / 2))


def test_nineteen_ratios_reach_from_the_smallest_to_the_largest() -> None:
    """Of 19 and the next one, 20 in any order, it is the smallest or the largest 1 time of 10."""
    assert all(map(math.isnan, after(numbers(18)).ends()))
    assert after(numbers(19)).ends() == pytest.approx((1.0, 19.0), rel=1e-5)


def test_hits_narrow_it_and_misses_widen_it() -> None:
    """39 ratios are 20 hits after the first 19: α is 0.1 + 20 × 0.02 × 0.1 = 0.14, its half 0.07,
    and 0.07 × 40 = 2.8 and 0.93 × 40 = 37.2 are the places. A miss takes 0.02 × 0.9 off: 0.122;
    with 40 ratios, the new 100 the largest, places are 0.061 × 41 = 2.501 and 38.499.
    """
    one = after(numbers(39))
    assert one.ends() == pytest.approx((2.8, 37.2), rel=1e-5)
    one.learn(100.0)
    assert one.ends() == pytest.approx((2.501, 38.499), rel=1e-5)


def test_old_ratios_are_forgotten() -> None:
    """Of the ones nothing is left after 100 threes."""
    assert after([1.0] * 100 + [3.0] * 100).ends() == pytest.approx((3, 3), rel=1e-5)


def test_what_does_not_vary_is_inside() -> None:
    low, high = after([1.0] * 30).ends()
    assert low < 1.0 - 1e-9 < 1.0 + 1e-9 < high
    assert high - low < 1e-5


def _drifting(kind: str) -> list[float]:
    """Return 400 ratios whose level or spread does not stay."""
    number = np.arange(400)
    is_wild = number // 60 % 2
    level = {"season": 0.5 * np.sin(number / 20), "spread": 0.0, "steady": 0.0}[kind]
    spread = np.where(is_wild, 0.2, 0.05) if kind == "spread" else 0.1
    return np.exp(level + spread * stream(3, kind).normal(size=400)).tolist()


@pytest.mark.parametrize("kind", ["steady", "season", "spread"])
def test_it_holds_nine_of_ten_of_what_drifts(kind: str) -> None:
    one, hits = AdaptiveInterval(), []
    for ratio in _drifting(kind):
        low, high = one.ends()
        if not math.isnan(low):
            hits.append(low <= ratio <= high)
        one.learn(ratio)
    assert len(hits) == 381
    assert 0.87 <= sum(hits) / len(hits) <= 0.93
