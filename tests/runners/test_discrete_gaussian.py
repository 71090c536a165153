"""The discrete Gaussian against its probabilities, and the bound on sums of it."""

from math import exp, pi

import numpy as np
import pytest
from scipy.stats import chisquare

from runners.discrete_gaussian import _table, discrete_gaussian, gap
from runners.noise import seeded_words


def probabilities(std: float, most: int) -> np.ndarray:
    """Return P(k) for k from −most to most, by the formula."""
    steps = np.arange(-most, most + 1)
    weights = np.exp(-(steps**2) / (2 * std**2))
    return weights / weights.sum()


@pytest.mark.parametrize("std", [0.4, 1.0, 7.3, 60.0])
def test_numbers_have_the_probabilities(std: float) -> None:
    numbers = discrete_gaussian(seeded_words(np.random.default_rng(3)), 50_000, std)
    most = round(3 * std) + 1
    kept = numbers[np.abs(numbers) <= most]
    counts = np.bincount(kept + most, minlength=2 * most + 1)
    expected = probabilities(std, most) * len(kept)
    common = expected > 5
    rest = len(kept) - counts[common].sum(), len(kept) - expected[common].sum()
    assert (
        chisquare([*counts[common], rest[0] + 1e-9], [*expected[common], rest[1] + 1e-9]).pvalue
        > 1e-3
    )
    assert numbers.dtype == np.int64 and len(numbers) == 50_000


@pytest.mark.parametrize("std", [0.4, 5.0])
def test_the_table_is_the_cumulative_probabilities(std: float) -> None:
    table = _table(std)
    most = table.num_steps + 40
    cumulated = np.cumsum(probabilities(std, most))[40 : 40 + 2 * table.num_steps]
    entries = [int(high) << 64 | int(low) for high, low in zip(table.high, table.low, strict=True)]
    np.testing.assert_allclose([entry / 2**128 for entry in entries], cumulated, atol=1e-14)
    assert entries == sorted(entries)
    assert [2**128 - entry for entry in entries] == entries[::-1]  # as likely to either side


def test_a_second_word_decides_where_the_first_ties() -> None:
    table = _table(2.0)
    at = table.num_steps  # P(X ≤ 0): below it, in both words, is 0 and from it on 1
    high, low = table.high[at], table.low[at]
    for second, number in ((low - np.uint64(1), 0), (low, 1), (low + np.uint64(1), 1)):
        words = iter([np.array([high]), np.array([second])])
        assert discrete_gaussian(lambda size, words=words: next(words), 1, 2.0).tolist() == [number]


def test_numbers_stand_in_the_order_of_their_words() -> None:
    words = np.array([2**63, 0, 2**64 - 1, 2**63], dtype=np.uint64)
    numbers = discrete_gaussian(lambda size: words, 4, 3.0)
    assert numbers[0] == numbers[3] == 0
    assert numbers[1] < -20 and numbers[2] > 20


def test_a_sum_of_discrete_gaussians_is_nearly_one() -> None:
    # σ = 0.5, n = 3: 10 (exp(−2π²/4 · 1/2) + exp(−2π²/4 · 2/3)) = 10 (0.084805 + 0.037255)
    assert gap(3, 0.5) == pytest.approx(1.2206, abs=1e-4)
    assert gap(2, 0.5) == pytest.approx(10 * exp(-(pi**2) / 4))
    assert gap(1, 0.5) == 0
    assert gap(10**4, 4.0) < 1e-60
