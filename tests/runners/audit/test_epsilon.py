"""Lower bounds on ε: by hand, and against a mechanism whose ε is known."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runners.audit.epsilon import epsilon_lower_bound, proven


def proven_once(true: int, positives: int, false: int, negatives: int, delta: float) -> float:
    counts = np.array([true]), positives, np.array([false]), negatives
    return float(proven(*counts, delta)[0])


def test_a_faultless_attack_by_hand() -> None:
    # 10 of 10 and 0 of 10: TPR ≥ 0.025^(1/10) = 0.6915, FPR ≤ 1 − 0.6915 = 0.3085,
    # ln(0.6915 / 0.3085) = 0.8072; with δ = 0.1 ln(0.5915 / 0.3085) = 0.6510
    assert proven_once(10, 10, 0, 10, 0.0) == pytest.approx(0.8072, abs=1e-4)
    assert proven_once(10, 10, 0, 10, 0.1) == pytest.approx(0.6510, abs=1e-4)


def test_an_attack_that_guesses_proves_nothing() -> None:
    assert proven_once(50, 100, 50, 100, 0.0) == 0.0


@given(st.integers(0, 40), st.integers(0, 60))
def test_worlds_can_be_exchanged(true: int, false: int) -> None:
    ours = proven_once(true, 40, false, 60, 1e-3)
    assert ours == pytest.approx(proven_once(60 - false, 60, 40 - true, 40, 1e-3))


def test_the_second_inequality_counts() -> None:
    # 400 of 400 and 200 of 400: TPR ≥ 0.025^(1/400) = 0.99082, FPR ≤ 0.5501;
    # ln(TPR / FPR) = 0.588, ln((1 − FPR) / (1 − TPR)) = ln(0.4499 / 0.00918) = 3.892
    assert proven_once(400, 400, 200, 400, 0.0) == pytest.approx(3.892, abs=2e-3)


def test_randomised_response_is_found_out() -> None:
    # Who tells the truth with probability e / (1 + e) spends ε = 1 exactly.
    rng = np.random.default_rng(0)
    truth = math.e / (1 + math.e)
    members, others = rng.random(40_000) < truth, rng.random(40_000) >= truth
    bound = epsilon_lower_bound(members.astype(float), others.astype(float), 0.0, rng)
    assert 0.93 < bound.low <= 1.0
    assert bound.ceiling > 8


def test_chance_is_rarely_taken_for_a_leak() -> None:
    rng = np.random.default_rng(0)
    bounds = [
        epsilon_lower_bound(rng.normal(size=60), rng.normal(size=60), 0.0, rng).low
        for _ in range(200)
    ]
    assert np.mean(np.array(bounds) > 0) <= 0.05


def test_the_ceiling_is_that_of_half_the_trials() -> None:
    members, others = np.arange(20.0) + 100, np.arange(20.0)
    bound = epsilon_lower_bound(members, others, 0.0, np.random.default_rng(0))
    assert bound.ceiling == pytest.approx(0.8072, abs=1e-4)  # 10 and 10 are judged
    assert bound.low == bound.ceiling
