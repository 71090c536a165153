"""ε against published numbers, closed forms and dp-accounting's other paths."""

import logging
from math import exp, inf, sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from runners import accountant
from runners.accountant import epsilon, epsilon_by_rdp
from runners.privacy import Sampling

EVERYONE = Sampling(kind="everyone", num_partners=10, num_chosen=10)
ABADI = Sampling(kind="poisson", num_partners=1000, num_chosen=10)  # q = 0.01


def fixed(num_chosen: int, num_partners: int) -> Sampling:
    return Sampling(kind="fixed", num_partners=num_partners, num_chosen=num_chosen)


@pytest.mark.parametrize(
    ("num", "pld", "rdp", "moments"), [(10_000, 0.947, 1.035, 1.26), (40_000, 2.033, 2.210, 2.55)]
)
def test_published_numbers_of_abadi_2016(num: int, pld: float, rdp: float, moments: float) -> None:
    exact, bound = (each(4.0, ABADI, num, 1e-5) for each in (epsilon, epsilon_by_rdp))
    assert exact == pytest.approx(pld, abs=6e-4)
    assert bound == pytest.approx(rdp, abs=6e-4)
    assert exact < bound < moments


def test_without_drawing_it_is_the_analytic_gaussian_mechanism() -> None:
    # Balle and Wang 2018: σ = 3.730632 for ε = 1, δ = 1e-5; four merges need twice as much
    assert epsilon(3.730632, EVERYONE, 1, 1e-5) == pytest.approx(1.0, abs=1e-5)
    assert epsilon(2 * 3.730632, EVERYONE, 4, 1e-5) == pytest.approx(1.0, abs=1e-5)
    spent = epsilon(0.7, EVERYONE, 3, 1e-6)
    mu = sqrt(3) / 0.7
    delta = norm.cdf(mu / 2 - spent / mu) - exp(spent) * norm.cdf(-mu / 2 - spent / mu)
    assert delta == pytest.approx(1e-6, rel=1e-6)


def test_without_drawing_the_loss_distribution_and_renyi_come_to_it_from_above() -> None:
    from dp_accounting import GaussianDpEvent
    from dp_accounting.pld import PLDAccountant
    from dp_accounting.rdp import RdpAccountant

    pld = PLDAccountant(value_discretization_interval=1e-3)
    pld.compose(GaussianDpEvent(2.0), 5)
    rdp = RdpAccountant()
    rdp.compose(GaussianDpEvent(2.0), 5)
    spent = epsilon(2.0, EVERYONE, 5, 1e-5)
    assert spent <= pld.get_epsilon(1e-5) < spent + 1e-3
    ours = epsilon_by_rdp(2.0, EVERYONE, 5, 1e-5)
    assert spent < ours == pytest.approx(rdp.get_epsilon(1e-5), abs=1e-3)


def test_a_fixed_number_is_amplified_as_two_contributions_are_apart() -> None:
    # theorem 27 at order 2, σ = 2, so σ / 2 = 1 between any two, whose Rényi DP at 2 is 1:
    # ln(1 + 0.1² min(4 (e − 1), 2 e)) = ln(1 + 0.01 · 5.43656) = 0.052939
    rdp = accountant._rdp(2.0, fixed(10, 100), (2,))
    assert rdp.tolist() == pytest.approx([0.052939], abs=1e-6)


def test_a_fixed_number_is_never_worse_than_everyone() -> None:
    all_of_them = epsilon(2.0, EVERYONE, 100, 1e-5)
    assert epsilon(2.0, fixed(10, 10), 100, 1e-5) == all_of_them
    assert epsilon(2.0, fixed(5, 10), 100, 1e-5) == all_of_them  # theorem 27 alone says 96
    amplified = epsilon(2.0, fixed(10, 100), 100, 1e-5)
    assert amplified == epsilon_by_rdp(2.0, fixed(10, 100), 100, 1e-5) < all_of_them / 2
    # no better than draws one by one, of neighbours that are half as far apart
    poisson = Sampling(kind="poisson", num_partners=100, num_chosen=10)
    assert amplified > epsilon(2.0, poisson, 100, 1e-5)


@settings(deadline=None, max_examples=20)
@given(
    st.sampled_from([0.4, 1.0, 8.0]),
    st.integers(1, 500),
    st.sampled_from([EVERYONE, fixed(10, 100)]),
)
def test_more_merges_cost_more_and_more_noise_costs_less(
    multiplier: float, num: int, sampling: Sampling
) -> None:
    spent = epsilon(multiplier, sampling, num, 1e-5)
    assert spent <= epsilon(multiplier, sampling, num + 1, 1e-5)
    assert spent <= epsilon(multiplier, sampling, num, 1e-6)
    assert spent >= epsilon(2 * multiplier, sampling, num, 1e-5)


def test_nothing_is_spent_before_the_first_merge_and_all_without_noise() -> None:
    assert epsilon(1.0, EVERYONE, 0, 1e-5) == 0
    assert epsilon(0.0, EVERYONE, 1, 1e-5) == inf
    assert epsilon(1e6, EVERYONE, 1, 1e-5) == 0  # δ alone is enough


@pytest.mark.parametrize("rate", [0.01, 0.3, 0.9])
def test_orders_are_those_whose_series_converge(
    rate: float, caplog: pytest.LogCaptureFixture
) -> None:
    sampling = Sampling(kind="poisson", num_partners=100, num_chosen=100 * rate)
    with caplog.at_level(logging.WARNING):
        for multiplier in (0.6, 10.0):
            assert epsilon_by_rdp(multiplier, sampling, 10, 1e-5) < inf
    assert caplog.records == []


def test_zcdp_is_below_its_textbook_bound() -> None:
    # Bun and Steinke 2016: ρ + 2 sqrt(ρ ln 1/δ), here n ρ = 0.5 and ln 1/δ = 11.5129
    spent = accountant.concentrated_epsilon(0.05, 0.0, 10, 1e-5)
    assert 0.85 * (0.5 + 2 * sqrt(0.5 * 11.5129)) < spent < 0.5 + 2 * sqrt(0.5 * 11.5129)
    assert accountant.concentrated_epsilon(0.05, 0.03, 10, 1e-5) == pytest.approx(spent + 0.3)


def test_pure_merges_compose_as_randomised_response() -> None:
    # Kairouz, Oh and Viswanath 2015, theorem 3.3 with k = 4, i = 1: ε' = (k − 2 i) ε = 1 at
    # δ = (e^(k ε) − e^((k − 2) ε)) / (1 + e^ε)^k = (7.38906 − 2.71828) / 2.64872^4 = 0.094895
    delta = (exp(2) - exp(1)) / (1 + exp(0.5)) ** 4
    assert delta == pytest.approx(0.094895, abs=1e-6)
    assert accountant.pure_epsilon(0.5, 4, delta) == pytest.approx(1.0, abs=5e-3)
    assert accountant.pure_epsilon(0.5, 4, 0.0) == 2.0
    assert accountant.pure_epsilon(0.5, 1, 0.1) == 0.5
    assert accountant.pure_epsilon(3.0, 2, 1e-9) <= 6.0


def test_largest_number_of_merges() -> None:
    for limit, num in ((0.5, 0), (1.0, 1), (7.9, 7), (1000.0, 1000)):
        assert accountant.max_merges(float, limit) == num
    assert accountant.max_merges(float, None) == inf
    assert accountant.max_merges(lambda num: 0.0, 1.0) == inf


def test_the_budget_ends_between_two_merges() -> None:
    num = accountant.max_merges(lambda merges: epsilon(4.0, ABADI, merges, 1e-5), 0.5)
    assert isinstance(num, int) and num > 100
    assert epsilon(4.0, ABADI, num, 1e-5) <= 0.5 < epsilon(4.0, ABADI, num + 1, 1e-5)


def test_calibrated_noise_may_be_little() -> None:
    multiplier = accountant.noise_multiplier_for(1000.0, EVERYONE, 1, 1e-5)
    assert multiplier < 0.1 and epsilon(multiplier, EVERYONE, 1, 1e-5) <= 1000.0


@pytest.mark.parametrize("sampling", [EVERYONE, ABADI])
def test_calibrated_noise_is_just_enough(sampling: Sampling) -> None:
    multiplier = accountant.noise_multiplier_for(0.5, sampling, 50, 1e-5)
    assert epsilon(multiplier, sampling, 50, 1e-5) <= 0.5
    assert epsilon(0.999 * multiplier, sampling, 50, 1e-5) > 0.5


def test_noise_beside_figures_hides_as_much_together() -> None:
    assert accountant.rest_of(1.0, inf) == 1.0
    # 1 / z² = 1 − 1/4, z = 1.154701; and both together: 1/1.154701² + 1/2² = 1
    assert accountant.rest_of(1.0, 2.0) == pytest.approx(1.154701, abs=1e-6)


@pytest.mark.parametrize(
    ("limit", "delta", "message"),
    [(0.0, 1e-5, "^epsilon must be finite and above 0"), (1.0, 0.0, "^delta must be above 0")],
)
def test_refuses_budgets_that_mean_nothing(limit: float, delta: float, message: str) -> None:
    accountant.check_budget(None, 1e-5)
    with pytest.raises(ValueError, match=message):
        accountant.check_budget(limit, delta)
