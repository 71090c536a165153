"""Shares of noise on a grid: their size, their sum under a secure sum, and ε."""

from dataclasses import replace
from math import inf, sqrt

import numpy as np
import pytest
import torch

from runners import accountant
from runners.discrete_gaussian import discrete_gaussian
from runners.noise import seeded_words, words_of
from runners.privacy import Load, Mechanism, Sampling
from runners.privacy.chain import Chain
from runners.privacy.dp_distributed import rounded
from runners.secure_sum import SumNotRevealed
from runners.secure_sum.fixed_point import Coding
from tests.runners.privacy.dp_cases import (
    ADAPTIVE,
    CENTRAL,
    CLIP,
    DISTRIBUTED,
    EVERYONE,
    LOCAL,
    merge_of,
    near_std,
)

SIZE = 20_000


class SecureSum(Mechanism):
    is_secure_sum = True

    def __init__(
        self, step: float | None = 2.0**-20, rounding: str = "nearest", max_abs: float = 8.0
    ) -> None:
        if step is not None:
            self.step = step
        self.rounding = rounding
        self.max_abs = max_abs


def updates(num: int, size: int = SIZE) -> torch.Tensor:
    """Return rows of norm 2, the clipping norm."""
    rows = torch.randn(num, size, generator=torch.Generator().manual_seed(2))
    return 2 * rows / rows.norm(dim=1, keepdim=True)


@pytest.mark.parametrize("source", ["seeded", "system"])
def test_shares_add_up_to_the_noise_of_the_fewest(source: str) -> None:
    mechanism = replace(DISTRIBUTED, noise_source=source)
    rows = mechanism.protect(updates(6), range(6), merge_of(num=6))
    noise = rows.double() - updates(6).double()
    # z C = 3 from 4 partners: 1.5 each, and 1.5 sqrt(6) from 6
    for row in noise:
        assert near_std(row, 1.5)
    assert near_std(noise.sum(dim=0), 1.5 * sqrt(6))
    assert abs(noise.mean().item()) < 5 * 1.5 / sqrt(6 * SIZE)


def test_shares_do_not_depend_on_who_else_is_hosted() -> None:
    together = DISTRIBUTED.protect(updates(4), range(4), merge_of())
    apart = [DISTRIBUTED.protect(updates(4)[[at]], (at,), merge_of()) for at in range(4)]
    assert torch.equal(together, torch.cat(apart))


@pytest.mark.parametrize("num", [4, 5, 7])
def test_a_secure_sum_adds_up_exactly_what_leaves(num: int) -> None:
    rows = DISTRIBUTED.protect(updates(num), range(num), merge_of(num=num))
    steps = rows.double() / (num * DISTRIBUTED.step)
    whole = steps.round()
    assert (steps - whole).abs().max() < 0.2  # float32's last digits
    grid = Coding(step=2.0**-20, max_abs=8.0, rounding="nearest").grid(num)
    weighted = rows * torch.tensor(1 / num)
    entries = [grid.encode(row.numpy(), None) for row in weighted]
    total, num_clipped = grid.decode(np.sum(entries, axis=0, dtype=entries[0].dtype))
    assert num_clipped == 0
    np.testing.assert_array_equal(total / DISTRIBUTED.step, whole.sum(dim=0).numpy())


def test_rounding_is_right_in_the_mean_and_bounded() -> None:
    values = torch.full((10_000,), 2.3, dtype=torch.float64)
    norm = 2.3 * 100  # and 3 · 100 if all went up
    words = seeded_words(np.random.default_rng(1))
    free = rounded(values, inf, words)
    assert set(free.tolist()) == {2.0, 3.0}
    # variance 0.3 · 0.7 each: the mean of 10,000 varies by 0.0046
    assert free.mean().item() == pytest.approx(2.3, abs=5 * 0.0046)
    # E |rounded|² = 10,000 (4 · 0.7 + 9 · 0.3) = 234.52²
    assert rounded(values, 234.6, words).norm() <= 234.6
    assert rounded(values, norm, words).tolist() == [2.0] * 10_000  # never short enough
    assert rounded(-values, norm, words).tolist() == [-2.0] * 10_000


def test_updates_are_rounded_until_they_are_short_enough() -> None:
    coarse, merge, size = replace(DISTRIBUTED, step=0.005), merge_of(num=40), 3
    sent = coarse.protect(updates(40, size), range(40), merge)
    grid, num_longer = 40 * 0.005, 0
    for partner, row in enumerate(updates(40, size).double() / grid):
        words = words_of("seeded", merge, "dp_distributed", partner)
        whole = rounded(row, 1.01 * 2 / grid, words)
        assert whole.norm() <= 1.01 * 2 / grid
        share = discrete_gaussian(words, size, 1.5 / grid)
        assert (sent[partner] / grid).round().tolist() == (whole.numpy() + share).tolist()
        first = rounded(row, inf, words_of("seeded", merge, "dp_distributed", partner))
        num_longer += bool(first.norm() > 1.01 * 2 / grid)
    assert num_longer > 5


def test_epsilon_comes_to_that_of_continuous_noise() -> None:
    fine = replace(DISTRIBUTED, max_inflation=1e-9).guarantee(EVERYONE, 10).epsilon
    assert fine == pytest.approx(accountant.epsilon_by_rdp(1.5, EVERYONE, 10, 1e-5), rel=1e-6)
    exact = accountant.epsilon(1.5, EVERYONE, 10, 1e-5)
    assert exact < fine < 1.08 * exact
    # an inflation of 1% is 1% less noise
    coarse = DISTRIBUTED.guarantee(EVERYONE, 10).epsilon
    assert coarse == pytest.approx(accountant.epsilon_by_rdp(1.5 / 1.01, EVERYONE, 10, 1e-5))


def test_nothing_is_amplified_against_the_proxy() -> None:
    fixed = Sampling(kind="fixed", num_partners=500, num_chosen=5)
    assert DISTRIBUTED.guarantee(fixed, 3).epsilon == DISTRIBUTED.guarantee(EVERYONE, 3).epsilon


def test_a_budget_ends_the_run() -> None:
    num = replace(DISTRIBUTED, epsilon=10.0).max_merges(EVERYONE)
    one, more = (DISTRIBUTED.guarantee(EVERYONE, int(num) + extra) for extra in (0, 1))
    assert num > 0 and one.epsilon <= 10.0 < more.epsilon
    assert DISTRIBUTED.max_merges(EVERYONE) == inf


def test_too_few_partners_are_refused() -> None:
    with pytest.raises(SumNotRevealed, match=r"min_partners is 4, and 3 are left$"):
        DISTRIBUTED.protect(updates(3), range(3), merge_of(num=3))
    few = Sampling(kind="fixed", num_partners=10, num_chosen=3)
    with pytest.raises(
        ValueError, match=r"min_partners must be at most the 3 partners .*min_partners=2$"
    ):
        DISTRIBUTED.max_merges(few)


@pytest.mark.parametrize("step", [2.0**-6, 2.0**-22])
def test_refuses_a_grid_that_does_not_fit(step: float) -> None:
    # coarsest: 2 sqrt(0.01 · 2.01 · 2 / 20,000) / 4 = 7.09e-4; finest: (2.02 + 14 · 1.5) / 2^20 / 4
    with pytest.raises(ValueError, match=r"step must be 5\.72e-06 to 0\.000709 for 20000 param"):
        replace(DISTRIBUTED, step=step).protect(updates(4), range(4), merge_of())


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ((DISTRIBUTED, SecureSum()), r"dp_distributed must come after clip"),
        ((CLIP, DISTRIBUTED), r"dp_distributed must come before a secure sum"),
        ((CLIP, SecureSum(), DISTRIBUTED), r"dp_distributed must come before a secure sum"),
        ((CLIP, LOCAL, DISTRIBUTED, SecureSum()), r"dp_local must come before the clipping"),
        ((CLIP, CENTRAL, DISTRIBUTED, SecureSum()), r"dp_distributed must come before the clipp"),
        ((ADAPTIVE, DISTRIBUTED, SecureSum()), r"adaptive_clip must come with dp_central"),
        ((CLIP, DISTRIBUTED, SecureSum(step=None)), r"test_dp_distributed must add up whole"),
        ((CLIP, DISTRIBUTED, SecureSum(step=3e-6)), r"dp_distributed\.step must be a whole mult"),
        ((CLIP, DISTRIBUTED, SecureSum(rounding="stochastic")), r"\w+\.rounding must be nearest"),
        # (1.01 · 2 + 14 · 1.5) / 4 = 5.755
        ((CLIP, DISTRIBUTED, SecureSum(max_abs=5.7)), r"\w+\.max_abs must be at least 5\.75"),
    ],
)
def test_refuses_orders_that_hide_less(order: tuple[Mechanism, ...], message: str) -> None:
    with pytest.raises(ValueError, match=rf"^privacy\.{message}"):
        Chain(order)


def test_accepts_a_secure_sum_on_its_grid() -> None:
    chain = Chain((CLIP, DISTRIBUTED, SecureSum(max_abs=5.8)))
    assert chain.weights([0.9, 0.1]) == [0.5, 0.5]
    assert chain.needs_rows and chain.needs_sum


def test_costs_partners_rounding_and_noise() -> None:
    cost = DISTRIBUTED.cost(Load(num_parameters=200_000, num_partners=3))
    assert (cost.partner_sim_s, cost.proxy_sim_s) == (0.02, 0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("noise_multiplier", 0.0),
        ("min_partners", 1),
        ("step", 0.0),
        ("max_inflation", 0.0),
        ("epsilon", 0.0),
        ("delta", 1.0),
        ("noise_source", "dice"),
        ("numbers_per_s", 0.0),
    ],
)
def test_refuses_settings_without_a_meaning(name: str, value: float | str) -> None:
    with pytest.raises(ValueError, match=f"^{name} must be"):
        replace(DISTRIBUTED, **{name: value})
