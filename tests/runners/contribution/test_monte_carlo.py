"""Estimates from random orders, against exact values."""

from dataclasses import replace

import numpy as np
import pytest

from runners.contribution.monte_carlo import Estimate, Stopping, estimate_shapley
from runners.contribution.shapley import exact_shapley
from tests.runners.contribution.games import Table, airport, glove

ALL = Stopping(truncation_fraction=0.0, tolerance=1e-9, lag=10_000, max_orders=400)
COSTS = (1, 2, 2, 5, 7, 8, 8, 9, 12)


def estimate(game: Table, stopping: Stopping = ALL, seed: int = 0) -> Estimate:
    return estimate_shapley(game, stopping, np.random.default_rng(seed))


@pytest.mark.parametrize("seed", range(5))
def test_exact_values_lie_within_four_standard_errors(seed: int) -> None:
    found, exact = estimate(airport(*COSTS), seed=seed), exact_shapley(airport(*COSTS))
    assert found.standard_errors is not None and found.num_orders == 400
    for value, error, expected in zip(found.values, found.standard_errors, exact, strict=True):
        assert abs(value - expected) < 4 * error


def test_the_standard_error_is_that_of_a_mean() -> None:
    # of two gloves of different hands the later one gets 1: deviation 1/2, of 400 orders 1/40
    found = estimate(glove(left=1, right=1))
    assert found.standard_errors == pytest.approx([0.025, 0.025], rel=0.01)


def test_every_order_divides_all() -> None:
    found = estimate(airport(*COSTS), replace(ALL, max_orders=3))
    assert found.num_orders == 3
    assert sum(found.values) == pytest.approx(12)


def test_orders_that_have_nearly_all_end_there() -> None:
    whole, cut = airport(*COSTS), airport(*COSTS)
    exact = estimate(whole).values
    found = estimate(cut, replace(ALL, truncation_fraction=0.26))
    # 9 of 12 is within 26 %, so nobody's gain from 9 to 12 counts: 12's own is 3 less at most
    assert len(cut.asked) < len(whole.asked)
    assert sum(found.values) < 12
    assert all(low <= high + 1e-9 for low, high in zip(found.values, exact, strict=True))


def test_an_estimate_that_stands_still_ends() -> None:
    additive = Table(3, lambda players: float(sum(1 + one for one in players)))
    found = estimate(additive, replace(ALL, tolerance=0.05, lag=8))
    assert (found.num_orders, found.has_converged) == (16, True)
    assert found.values == pytest.approx([1, 2, 3])
    assert not estimate(additive, replace(ALL, lag=400)).has_converged


def test_a_worthless_game_is_worth_nothing_to_all() -> None:
    found = estimate(Table(3, lambda players: 5.0), replace(ALL, lag=8))
    assert found.values == [0, 0, 0] and found.has_converged


def test_the_same_generator_draws_the_same_orders() -> None:
    one, other = (estimate(airport(*COSTS), replace(ALL, max_orders=9)) for _ in range(2))
    assert one == other != estimate(airport(*COSTS), replace(ALL, max_orders=9), seed=1)
