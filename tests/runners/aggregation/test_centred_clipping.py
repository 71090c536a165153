"""Centred clipping against numbers by hand, the norm bound, and bad rows."""

import pytest
import torch
from hypothesis import given, settings

from runners.aggregation.centred_clipping import CentredClipping
from runners.aggregation.norm_bound import NormBound
from tests.runners.aggregation.rules import good_and_bad, ones, random_rows


def test_two_iterations_by_hand() -> None:
    updates = torch.tensor([[1.0], [3.0], [100.0]], dtype=torch.float64)
    weights = torch.tensor([2.0, 1.0, 1.0], dtype=torch.float64) / 4
    # from 0: 1, 2 and 2 after clipping, so v = (2 * 1 + 2 + 2) / 4 = 1.5; from there: -0.5, 1.5
    # and 2, so v = 1.5 + (2 * -0.5 + 1.5 + 2) / 4 = 2.125
    rule = CentredClipping(radius=2.0, iterations=1)
    assert rule.merge(updates, weights).item() == pytest.approx(1.5)
    rule = CentredClipping(radius=2.0, iterations=2)
    assert rule.merge(updates, weights).item() == pytest.approx(2.125)
    assert rule.merge(updates, weights / 2).item() == pytest.approx(1.0625)


def test_once_is_the_norm_bound() -> None:
    updates = random_rows(8, 30)
    weights = torch.linspace(0.5, 1.5, 8, dtype=torch.float64)
    factors = NormBound(max_norm=5.0).factors(weights, updates.norm(dim=1))
    torch.testing.assert_close(
        CentredClipping(radius=5.0, iterations=1).merge(updates, weights), factors @ updates
    )


def test_within_a_wide_radius_it_is_the_mean() -> None:
    updates = random_rows(8, 30)
    merged = CentredClipping(radius=1e3, iterations=4).merge(updates, ones(updates))
    torch.testing.assert_close(merged, updates.mean(dim=0))


@settings(deadline=None)
@given(good_and_bad(2, 1))
def test_nothing_moves_the_centre_further_than_the_radius_in_an_iteration(
    case: tuple[torch.Tensor, int],
) -> None:
    updates, _ = case
    merged = CentredClipping(radius=0.5, iterations=3).merge(updates, ones(updates))
    assert merged.norm().item() <= 1.5 * (1 + 1e-6)


def test_bad_rows_move_the_centre_by_their_share_of_the_radius() -> None:
    updates = torch.zeros(10, 3)
    updates[8:] = 1e30
    # two of ten pull by a radius of 1 each, and the others stay: 0.2, in the direction of (1, 1, 1)
    merged = CentredClipping(radius=1.0, iterations=1).merge(updates, ones(updates))
    assert merged.tolist() == pytest.approx([0.2 / 3**0.5] * 3)


def test_costs_distances_and_a_sum_for_each_iteration() -> None:
    assert CentredClipping(radius=1.0, iterations=3).merge_passes(10) == 6


def test_refuses_what_is_out_of_range() -> None:
    with pytest.raises(ValueError, match=r"^radius must be finite and above 0, got -1\.0"):
        CentredClipping(radius=-1.0, iterations=1)
    with pytest.raises(ValueError, match=r"^iterations must be at least 1, got 0"):
        CentredClipping(radius=1.0, iterations=0)
