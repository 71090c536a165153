"""Learning rates follow from how many samples have been trained on."""

from dataclasses import replace

import pytest

from runners.learner.rates import Rates
from tests.runners.learner.one_rank import RECIPE


def test_a_linear_schedule_by_hand() -> None:
    """Of 100 samples and a rate of 0.1: 10 in each of two steps, 30 in one, 50 in the next two."""
    rates = Rates(replace(RECIPE, schedule="linear"), 0.1, 100)
    assert rates.take(2, 20) == pytest.approx([0.1, 0.09])
    assert rates.take(1, 30) == pytest.approx([0.08])  # 20 of 100 are spent
    assert rates.take(2, 50) == pytest.approx([0.05, 0.025])  # 50, then 75
    assert rates.num_samples == 100


def test_warm_up_by_hand() -> None:
    """The rate rises over 20 of 100 samples: 0, then a quarter of the way for each 5."""
    rates = Rates(replace(RECIPE, warmup_fraction=0.2), 0.4, 100)
    assert rates.take(6, 30) == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4, 0.4])


def test_beyond_the_budget_the_rate_stays_where_it_fell_to() -> None:
    rates = Rates(replace(RECIPE, schedule="cosine", final_rate_fraction=0.1), 1.0, 10)
    rates.take(1, 10)
    assert rates.take(2, 40) == pytest.approx([0.1, 0.1])


def test_a_constant_rate_does_not_depend_on_samples() -> None:
    rates = Rates(RECIPE, 0.3, 10)
    assert rates.take(3, 7) == [0.3, 0.3, 0.3]
