"""Noise at the partners."""

from dataclasses import replace
from math import exp, inf, log, sqrt

import numpy as np
import pytest
import torch
from scipy.stats import norm

from runners import accountant
from runners.privacy import Load
from runners.privacy.chain import Chain
from tests.runners.privacy.dp_cases import EVERYONE, LOCAL, merge_of, near_std

LAPLACE = replace(LOCAL, distribution="laplace")
SILENT = replace(LOCAL, noise_multiplier=0.0)


@pytest.mark.parametrize("source", ["seeded", "system"])
@pytest.mark.parametrize("mechanism", [LOCAL, LAPLACE])
def test_each_update_gets_its_own_noise(mechanism: object, source: str) -> None:
    mechanism = replace(mechanism, noise_source=source)  # type: ignore[type-var]
    rows = mechanism.protect(torch.zeros(2, 40_000), (3, 5), merge_of())
    # z C = 1.5 · 2; Laplace noise of scale b has the deviation sqrt(2) b, and heavier tails, for
    # which the estimate varies by 1.6 times as much: five of its deviations are eight of ours
    std = 3.0 if mechanism.distribution == "gaussian" else 3.0 * sqrt(2)
    for row in rows:
        if mechanism.distribution == "gaussian":
            assert near_std(row, std)
        else:
            assert row.square().mean().sqrt().item() == pytest.approx(std, rel=0.03)
            assert row.abs().mean().item() == pytest.approx(3.0, rel=0.03)
    assert abs(np.corrcoef(rows.numpy())[0, 1]) < 5 / 200


def test_noise_does_not_depend_on_who_else_is_hosted() -> None:
    together = LOCAL.protect(torch.ones(3, 9), (1, 4, 6), merge_of())
    apart = [LOCAL.protect(torch.ones(1, 9), (partner,), merge_of()) for partner in (1, 4, 6)]
    assert torch.equal(together, torch.cat(apart))
    assert not torch.equal(LOCAL.protect(torch.ones(1, 9), (1,), merge_of(number=1)), apart[0])


def test_updates_are_clipped_in_the_norm_of_the_noise() -> None:
    rows = torch.tensor([[3.0, -4.0], [0.3, 0.4]])
    # |(3, 4)| = 5 becomes 2; the sum of absolute values, 7, becomes 2
    by_square = SILENT.protect(rows.clone(), (0, 1), merge_of()).tolist()
    assert by_square == [pytest.approx([1.2, -1.6]), pytest.approx([0.3, 0.4])]
    by_sum = replace(SILENT, distribution="laplace").protect(rows.clone(), (0, 1), merge_of())
    assert by_sum.tolist() == [pytest.approx([6 / 7, -8 / 7]), pytest.approx([0.3, 0.4])]


def test_any_two_updates_are_two_clipping_norms_apart() -> None:
    stated = LOCAL.guarantee(EVERYONE, 4)
    assert stated is not None and stated.epsilon is not None
    # four merges of distance 2 C and noise 1.5 C: μ = sqrt(4) · 2 / 1.5
    mu, epsilon = 4 / 1.5, stated.epsilon
    delta = norm.cdf(mu / 2 - epsilon / mu) - exp(epsilon) * norm.cdf(-mu / 2 - epsilon / mu)
    assert delta == pytest.approx(1e-5, rel=1e-6)


def test_laplace_noise_spends_two_over_its_multiplier() -> None:
    one, four = (LAPLACE.guarantee(EVERYONE, num) for num in (1, 4))
    assert one is not None and one.epsilon == pytest.approx(2 / 1.5)
    assert four is not None
    assert four.epsilon == pytest.approx(accountant.pure_epsilon(2 / 1.5, 4, 1e-5))
    # the odds of any output differ by that at most: e^((|x + C| − |x − C|) / z C) at x > C
    assert log(exp(-1 / 3) / exp(-5 / 3)) == pytest.approx(2 / 1.5)


def test_a_budget_ends_the_run() -> None:
    assert LOCAL.max_merges(EVERYONE) == inf
    num = replace(LOCAL, epsilon=10.0).max_merges(EVERYONE)
    one, more = (LOCAL.guarantee(EVERYONE, int(num) + extra) for extra in (0, 1))
    assert one is not None and more is not None
    assert num > 0 and one.epsilon <= 10.0 < more.epsilon
    assert replace(LAPLACE, epsilon=4.0).max_merges(EVERYONE) == 3  # 3 · 4/3
    assert replace(SILENT, epsilon=4.0).max_merges(EVERYONE) == 0


def test_without_noise_it_only_clips_and_guarantees_nothing() -> None:
    chain = Chain((replace(SILENT, clipping_norm=inf),))
    rows = torch.randn(2, 7)
    assert torch.equal(chain.protect(rows.clone(), (0, 1), merge_of(), [{}])[0], rows)
    assert SILENT.guarantee(EVERYONE, 3) is None and chain.needs_rows


def test_costs_partners_the_noise() -> None:
    cost = LOCAL.cost(Load(num_parameters=200_000, num_partners=3))
    assert (cost.partner_sim_s, cost.proxy_sim_s) == (0.002, 0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("distribution", "cauchy"),
        ("clipping_norm", 0.0),
        ("clipping_norm", inf),
        ("noise_multiplier", -1.0),
        ("epsilon", -1.0),
        ("delta", 0.0),
        ("noise_source", "dice"),
        ("numbers_per_s", 0.0),
    ],
)
def test_refuses_settings_without_a_meaning(name: str, value: float | str) -> None:
    with pytest.raises(ValueError, match=f"^{name} must be"):
        replace(LOCAL, **{name: value})
