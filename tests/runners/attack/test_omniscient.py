"""ALIE, IPM and min-max against the papers' formulas, by hand, by bisection and by scipy."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from runners.aggregation import rows as row_arithmetic
from runners.aggregation.krum import Krum
from runners.aggregation.mean import Mean
from runners.attack.alie import most_deviation
from runners.options import ConfigError
from tests.runners.aggregation.rules import ones, random_rows
from tests.runners.attack.merges import merge_of
from tests.runners.attack.options import OMNISCIENT, attack

HONEST = torch.tensor([[0.0, 2.0], [2.0, 2.0], [4.0, 8.0]])
"""Means 2 and 4; mean squares 20/3 and 24, so variances 8/3 and 8."""


def forged(name: str, honest: torch.Tensor, num_malicious: int = 1, **changes: Any) -> torch.Tensor:
    """Return what malicious partners behind the honest ones send."""
    num_honest = len(honest)
    partners = list(range(num_honest, num_honest + num_malicious))
    trained = torch.cat([honest, torch.zeros(num_malicious, honest.shape[1]).to(honest)])
    forging = attack(name, fraction=None, partners=partners, **changes)
    merge = merge_of(len(trained))
    return forging.corrupt(trained, merge.partners, merge)[-1]


def test_alies_z_by_hand() -> None:
    """n = 50, f = 24: s = 26 − 24 = 2, and Φ(z) = (26 − 2) / 26 = 0.92308. In a table
    Φ(1.42) = 0.92220 and Φ(1.43) = 0.92364: z = 1.42 + 0.01 · 88 / 144 = 1.4261.

    n = 50, f = 10: s = 16, Φ(z) = 24 / 40 = 0.6, z = 0.2533. n = 5, f = 2: s = 3 − 2 = 1,
    Φ(z) = 2 / 3, z = 0.4307.
    """
    assert most_deviation(50, 24) == pytest.approx(1.4261, abs=1e-4)
    assert most_deviation(50, 10) == pytest.approx(0.2533, abs=1e-4)
    assert most_deviation(5, 2) == pytest.approx(0.4307, abs=1e-4)


def test_alies_z_where_few_or_most_are_malicious() -> None:
    """n = 10, f = 1: s = 5, 4 / 9 is below one half. n = 10, f = 7: one of three would be needed,
    Φ(z) = 2 / 3. n = 3, f = 2: nothing is left, and 0 / 1 is below one half.
    """
    assert most_deviation(10, 1) == 0
    assert most_deviation(10, 7) == pytest.approx(0.4307, abs=1e-4)
    assert most_deviation(3, 2) == 0


@given(st.integers(3, 200), st.data())
def test_alies_z_is_scipys(num_updates: int, data: st.DataObject) -> None:
    num_malicious = data.draw(st.integers(1, (num_updates - 1) // 2))
    supporters = np.floor(num_updates / 2 + 1) - num_malicious
    share = (num_updates - num_malicious - supporters) / (num_updates - num_malicious)
    expected = max(0.0, norm.ppf(share))
    assert most_deviation(num_updates, num_malicious) == pytest.approx(expected, abs=1e-12)


def test_alie_goes_z_deviations_down() -> None:
    """σ = √(8/3) = 1.63299 and √8 = 2.82843; with z = 1.5: 2 − 2.44949 and 4 − 4.24264."""
    sent = forged("alie", HONEST)
    assert sent.tolist() == pytest.approx([-0.44949, -0.24264], abs=1e-5)


def test_alie_takes_the_papers_z() -> None:
    """n = 5, f = 2: z = 0.43073; 2 − 0.43073 · 1.63299 and 4 − 0.43073 · 2.82843."""
    sent = forged("alie", HONEST, 2, z=None)
    assert sent.tolist() == pytest.approx([1.29662, 2.78172], abs=1e-5)


def test_ipm_turns_the_honest_mean_round() -> None:
    assert forged("ipm", HONEST).tolist() == pytest.approx([-1.0, -2.0])
    assert forged("ipm", HONEST, epsilon=10.0).tolist() == pytest.approx([-20.0, -40.0])


@pytest.mark.parametrize(("epsilon", "is_turned"), [(2.9, False), (3.1, True)])
def test_ipm_turns_a_mean_above_honest_over_malicious(epsilon: float, is_turned: bool) -> None:
    """Six honest and two malicious ones: 6 / 2 = 3."""
    honest = random_rows(6, 20) + 1
    sent = forged("ipm", honest, 2, epsilon=epsilon)
    total = honest.sum(dim=0) + 2 * sent
    assert (total @ honest.mean(dim=0) < 0).item() == is_turned


def test_ipm_deceives_krum_where_honest_updates_differ_more_than_they_move() -> None:
    """20 numbers around 0.1: σ = √20 = 4.5, and 1.5 |μ| about 1.5 · 0.1 √20 = 0.7 or little more.
    Krum takes the forged row, and the mean keeps its direction.
    """
    honest = random_rows(7, 20) + 0.1
    rows = torch.cat([honest, forged("ipm", honest, 2).expand(2, -1)])
    assert torch.equal(Krum(num_byzantine=2, num_selected=1).merge(rows, ones(rows)), rows[-1])
    mean = Mean().factors(ones(rows), rows.norm(dim=1)) @ rows
    assert (mean @ honest.mean(dim=0)).item() > 0


def test_min_max_on_a_line_by_hand() -> None:
    """Of 1, 2 and 6 the mean is 3 and the ends are 5 apart: down to 1, which is 5 from 6."""
    honest = torch.tensor([[1.0], [2.0], [6.0]])
    for direction in ("unit", "std", "sign"):
        assert forged("min_max", honest, direction=direction).item() == pytest.approx(1.0)


def test_min_max_in_a_plane_by_hand() -> None:
    """Of (0, 1), (0, −1) and (3, 0) the mean is (1, 0), the farthest two are √10 apart. Down from
    the mean, (3, 0) is at 3 − x ≤ √10: x = 3 − √10; at (x, 0) the other two are √(x² + 1) = 1.01
    away, which is less.
    """
    honest = torch.tensor([[0.0, 1.0], [0.0, -1.0], [3.0, 0.0]])
    assert forged("min_max", honest).tolist() == pytest.approx([3 - 10**0.5, 0.0], abs=1e-6)
    assert forged("min_max", honest, direction="sign").tolist() == pytest.approx(
        [3 - 10**0.5, 0.0], abs=1e-6
    )


def test_min_max_goes_against_deviations() -> None:
    """σ is (√2, √(2/3)); −γ σ from (1, 0), and all that counts is (3, 0) at distance √10:
    (2 + √2 γ)² + 2/3 γ² = 10 is 8/3 γ² + 4 √2 γ − 6 = 0, so γ = (√96 − 4 √2) / (16/3) = 0.776457.
    """
    honest = torch.tensor([[0.0, 1.0], [0.0, -1.0], [3.0, 0.0]])
    expected = [1 - 0.776457 * 2**0.5, -0.776457 * (2 / 3) ** 0.5]
    sent = forged("min_max", honest, direction="std")
    assert sent.tolist() == pytest.approx(expected, abs=1e-5)


def by_bisection(honest: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """Return the paper's forged row, with γ below 1,000 halved 60 times."""
    pairs = honest[:, None] - honest[None, :]
    diameter, mean = np.linalg.norm(pairs, axis=2).max(), honest.mean(axis=0)
    low, high = 0.0, 1e3
    for _ in range(60):
        middle = (low + high) / 2
        farthest = np.linalg.norm(mean + middle * direction - honest, axis=1).max()
        low, high = (middle, high) if farthest <= diameter else (low, middle)
    return mean + low * direction


@pytest.mark.parametrize("direction", ["unit", "std", "sign"])
def test_min_max_is_what_bisection_finds(direction: str) -> None:
    for seed in range(4):
        honest = random_rows(6, 30, seed)
        mean = honest.numpy().mean(axis=0)
        directions = {
            "unit": -mean / np.linalg.norm(mean),
            "std": -honest.numpy().std(axis=0, ddof=1),
            "sign": -np.sign(mean),
        }
        expected = by_bisection(honest.numpy(), directions[direction])
        sent = forged("min_max", honest, direction=direction).numpy()
        np.testing.assert_allclose(sent, expected, rtol=0, atol=1e-9)


@settings(deadline=None, max_examples=30)
@given(st.integers(2, 8), st.integers(1, 6), st.integers(0, 10_000), st.sampled_from((0.0, 3.0)))
def test_min_max_is_as_far_out_as_honest_rows_are(
    num_honest: int, size: int, seed: int, shift: float
) -> None:
    honest = random_rows(num_honest, size, seed) + shift
    diameter = torch.cdist(honest, honest).max().item()
    for direction in ("unit", "std", "sign"):
        sent = forged("min_max", honest, direction=direction)
        farthest = (honest - sent).norm(dim=1).max().item()
        assert farthest == pytest.approx(diameter, rel=1e-6)


def test_min_max_sends_the_mean_of_equal_updates() -> None:
    for row in (torch.ones(3), torch.zeros(3)):
        for direction in ("unit", "std", "sign"):
            sent = forged("min_max", row.expand(4, 3), direction=direction)
            assert sent.tolist() == pytest.approx(row.tolist(), abs=1e-7)


@pytest.mark.parametrize("seed", range(5))
def test_min_max_stands_the_rounding_of_equal_updates(seed: int) -> None:
    """Their mean and their distances are only nearly exact."""
    row = 1e3 * random_rows(1, 50, seed)
    torch.testing.assert_close(forged("min_max", row.repeat(7, 1)), row[0])


@pytest.mark.parametrize("name", OMNISCIENT)
def test_blocks_of_columns_do_not_matter(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = random_rows(7, 50)
    whole = forged(name, honest)
    monkeypatch.setattr(row_arithmetic, "BLOCK_NUMBERS", 21)  # 3 columns of 7, and 2 at the end
    monkeypatch.setattr(row_arithmetic, "LEAST_COLUMNS", 1)
    torch.testing.assert_close(forged(name, honest), whole)


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("alie", {"z": 0.0}, "z must be finite and above 0, got 0.0"),
        ("ipm", {"epsilon": 0.0}, "epsilon must be finite and above 0, got 0.0"),
        ("min_max", {"direction": "up"}, "direction must be one of unit, std, sign, got 'up'"),
    ],
)
def test_refuses_settings(name: str, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=rf"^attack\.{message}"):
        attack(name, **changes)
