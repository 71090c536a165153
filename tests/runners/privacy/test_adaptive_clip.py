"""The clipping norm that follows a quantile, by hand and in the long run."""

from dataclasses import replace
from math import exp, inf, log

import pytest
import torch

from runners.accountant import rest_of
from runners.privacy import Load
from runners.privacy.chain import Chain
from tests.runners.privacy.dp_cases import ADAPTIVE, CENTRAL, merge_of, near_std

EXACT = replace(ADAPTIVE, bits_noise_std=0.0)
TOTAL = torch.zeros(3, dtype=torch.float64)


def test_it_scales_to_the_norm_of_this_merge() -> None:
    norms = torch.tensor([8.0, 1.0])
    assert ADAPTIVE.scales(norms, merge_of()).tolist() == [0.25, 1.0]
    later = merge_of(memory={"clipping_norm": 4.0})
    assert ADAPTIVE.scales(norms, later).tolist() == [0.5, 1.0]
    assert (ADAPTIVE.norm_bound(merge_of()), ADAPTIVE.norm_bound(later)) == (2.0, 4.0)


def test_the_norm_moves_towards_the_quantile() -> None:
    merge = merge_of()
    bits = EXACT.figures(torch.tensor([0.0, 1.0, 2.0, 2.1]), merge)
    assert bits.tolist() == [[0.5], [0.5], [0.5], [-0.5]]
    assert EXACT.reveal(TOTAL, bits.double().sum(dim=0), merge) is TOTAL
    # three of four are within: b = 1/4 + 1/2 = 0.75, C = 2 exp(−0.2 (0.75 − 0.5))
    assert merge.memory == {"clipping_norm": pytest.approx(2 * exp(-0.05))}


def test_it_finds_the_median() -> None:
    memory = [{}]
    norms = torch.linspace(5, 9, 101)
    chain = Chain((EXACT,))
    for number in range(100):
        merge = merge_of(num=101, number=number)
        figures = chain.figures(norms, merge, memory).double().sum(dim=0)
        chain.reveal(TOTAL, figures, merge, memory)
    assert memory[0]["clipping_norm"] == pytest.approx(7.0, rel=0.01)


def test_the_bits_have_their_noise() -> None:
    changes = []
    for number in range(2000):
        merge = merge_of(num=2, number=number)
        ADAPTIVE.reveal(TOTAL, torch.zeros(1, dtype=torch.float64), merge)
        # C = 2 exp(−0.2 noise / 2)
        changes.append(-10 * log(merge.memory["clipping_norm"] / 2))
    assert near_std(torch.tensor(changes), ADAPTIVE.bits_noise_std)


def test_the_noise_of_the_sum_leaves_room_for_the_bits() -> None:
    # σ_b = 1 on bits of 1/2 is noise multiplier 2; 1 / z² = 1/1.5² − 1/2², z = 2.267787
    assert ADAPTIVE.figures_noise_multiplier == 2.0
    merge = merge_of(figures_noise_multiplier=2.0)
    assert rest_of(1.5, 2.0) == pytest.approx(2.267787, abs=1e-6)
    assert CENTRAL.noise_std(merge, 5) == pytest.approx(2.267787 * 2.0 / 4, abs=1e-6)


def test_the_chain_tells_the_noise_of_this_merge_s_norm() -> None:
    chain, memory = Chain((ADAPTIVE, CENTRAL)), [{"clipping_norm": 4.0}, {}]
    total = torch.zeros(40_000, dtype=torch.float64)
    bare = merge_of(norm_bound=inf)
    out = chain.reveal(total, torch.zeros(1, dtype=torch.float64), bare, memory)
    assert memory[0]["clipping_norm"] != 4.0  # for the next merge
    assert near_std(out, 2.267787 * 4.0 / 4)


def test_costs_a_byte() -> None:
    assert ADAPTIVE.wire_bytes(400, Load(num_parameters=100, num_partners=3)) == 401


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("initial_clipping_norm", 0.0),
        ("quantile", 1.0),
        ("learning_rate", 0.0),
        ("bits_noise_std", -1.0),
        ("noise_source", "dice"),
    ],
)
def test_refuses_settings_without_a_meaning(name: str, value: float | str) -> None:
    with pytest.raises(ValueError, match=f"^{name} must be"):
        replace(ADAPTIVE, **{name: value})
