"""Noise at the proxy: its size, its source, its ε and where it may stand."""

from dataclasses import replace
from math import inf

import pytest
import torch

from runners import accountant
from runners.privacy import Load, Mechanism, Sampling
from runners.privacy.chain import Chain
from tests.runners.privacy.dp_cases import (
    ADAPTIVE,
    CENTRAL,
    CLIP,
    EVERYONE,
    LOCAL,
    merge_of,
    near_std,
    no_figures,
)


class SecureSum(Mechanism):
    is_secure_sum = True
    rounding_error = 0.001


def revealed(mechanism: object = CENTRAL, size: int = 40_000, **changes: object) -> torch.Tensor:
    """Return what becomes of a sum of zeros."""
    total = torch.zeros(size, dtype=torch.float64)
    return mechanism.reveal(total, no_figures(), merge_of(**changes))  # type: ignore[attr-defined]


@pytest.mark.parametrize("source", ["seeded", "system"])
def test_the_mean_gets_noise_for_one_partner_s_part_of_it(source: str) -> None:
    # 1.5 · 2 on the sum of 4 updates, so a quarter on their mean; of 2 of them, half
    mechanism = replace(CENTRAL, noise_source=source)
    assert near_std(revealed(mechanism), 0.75)
    assert near_std(revealed(mechanism, num=2, dropped=(2, 3)), 1.5)


def test_noise_is_added_to_the_sum_and_is_another_in_each_merge() -> None:
    total = torch.linspace(-5, 5, 100, dtype=torch.float64)
    noise = revealed(size=100)
    out = CENTRAL.reveal(total.clone(), no_figures(), merge_of())
    torch.testing.assert_close(out, total + noise)
    assert not torch.equal(revealed(size=100, number=1), noise)


def test_rounding_in_a_secure_sum_is_hidden_too() -> None:
    # 1.5 (2 / 4 + 0.001 sqrt(10,000)): each of 10,000 numbers may be off by 0.001
    assert CENTRAL.noise_std(merge_of(rounding_error=0.001), 10_000) == pytest.approx(0.9)


def test_the_chain_tells_norm_and_rounding() -> None:
    chain = Chain((CLIP, CENTRAL, SecureSum()))
    total = torch.zeros(10_000, dtype=torch.float64)
    out = chain.reveal(total, no_figures(), merge_of(norm_bound=inf), chain.new_memory())
    assert near_std(out, 0.9)


def test_without_noise_and_clipping_nothing_happens() -> None:
    chain = Chain((replace(CLIP, clipping_norm=inf), replace(CENTRAL, noise_multiplier=0.0)))
    rows = torch.randn(3, 50)
    bare, memory = merge_of(norm_bound=inf), chain.new_memory()
    sent, figures = chain.protect(rows.clone(), (0, 1, 2), bare, memory)
    assert torch.equal(sent, rows)
    assert torch.equal(
        chain.reveal(rows[0].double(), figures.sum(0), bare, memory), rows[0].double()
    )
    assert chain.mechanisms[1].guarantee(EVERYONE, 5) is None


def test_epsilon_is_the_accountant_s() -> None:
    stated = CENTRAL.guarantee(EVERYONE, 7)
    assert stated is not None and (stated.unit, stated.delta) == ("partner", 1e-5)
    assert stated.epsilon == accountant.gaussian_epsilon(1.5 / 7**0.5, 1e-5)
    fixed = Sampling(kind="fixed", num_partners=500, num_chosen=5)
    amplified = CENTRAL.guarantee(fixed, 7)
    assert amplified is not None and amplified.epsilon == accountant.epsilon(1.5, fixed, 7, 1e-5)
    assert amplified.epsilon < stated.epsilon
    assert "who took part" in amplified.assumptions


def test_the_divisor_gives_away_how_many_were_drawn_one_by_one() -> None:
    poisson = Sampling(kind="poisson", num_partners=500, num_chosen=5)
    stated = CENTRAL.guarantee(poisson, 7)
    assert stated is not None and stated.epsilon == accountant.gaussian_epsilon(1.5 / 7**0.5, 1e-5)


def test_a_budget_ends_the_run() -> None:
    assert CENTRAL.max_merges(EVERYONE) == inf
    num = replace(CENTRAL, epsilon=8.0).max_merges(EVERYONE)
    one, more = (CENTRAL.guarantee(EVERYONE, int(num) + extra) for extra in (0, 1))
    assert one is not None and more is not None
    assert one.epsilon <= 8.0 < more.epsilon
    assert replace(CENTRAL, epsilon=8.0, noise_multiplier=0.0).max_merges(EVERYONE) == 0


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ((CENTRAL,), r"dp_central must come after clip or adaptive_clip"),
        ((CENTRAL, CLIP), r"dp_central must come after clip or adaptive_clip"),
        ((CLIP, LOCAL, CENTRAL), r"dp_local must come before the clipping"),
        ((CLIP, SecureSum(), CENTRAL), r"test_dp_central must come after dp_central"),
        ((CLIP, CENTRAL, ADAPTIVE), r"adaptive_clip must come before dp_central"),
        (
            (replace(ADAPTIVE, bits_noise_std=0.75), CENTRAL),
            r"bits_noise_std must be above 0\.75.*got 0\.75.*bits_noise_std=1\.5",
        ),
        ((replace(ADAPTIVE, bits_noise_std=0.0), CENTRAL), r"bits_noise_std must be above 0\.75"),
    ],
)
def test_refuses_orders_that_hide_less(order: tuple[Mechanism, ...], message: str) -> None:
    with pytest.raises(
        ValueError, match=rf"^privacy\.{message}|^privacy\.adaptive_clip\.{message}"
    ):
        Chain(order)


def test_accepts_orders_that_hide_as_much() -> None:
    for order in (
        (CLIP, CENTRAL),
        (LOCAL, CLIP, CENTRAL, SecureSum()),
        (ADAPTIVE, CENTRAL),
        (ADAPTIVE, CLIP, CENTRAL),
        (replace(ADAPTIVE, bits_noise_std=0.0), replace(CENTRAL, noise_multiplier=0.0)),
    ):
        chain = Chain(order)
        assert chain.weights([0.7, 0.3]) == [0.5, 0.5] and chain.needs_sum


def test_costs_the_proxy_the_noise() -> None:
    cost = CENTRAL.cost(Load(num_parameters=200_000, num_partners=3))
    assert (cost.partner_sim_s, cost.proxy_sim_s) == (0, 0.002)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("noise_multiplier", -1.0),
        ("epsilon", 0.0),
        ("delta", 1.0),
        ("noise_source", "dice"),
        ("numbers_per_s", 0.0),
    ],
)
def test_refuses_settings_without_a_meaning(name: str, value: float | str) -> None:
    with pytest.raises(ValueError, match=f"^{name} must be"):
        replace(CENTRAL, **{name: value})
