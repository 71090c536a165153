"""The geometric median against numbers by hand, scipy's minimum, and bad rows."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from scipy.optimize import minimize

from runners.aggregation.geometric_median import GeometricMedian
from tests.runners.aggregation.rules import good_and_bad, ones, random_rows

CONVERGED = GeometricMedian(iterations=300, smoothing=1e-9)


def test_two_iterations_by_hand() -> None:
    updates = torch.tensor([[1.0], [2.0], [4.0]], dtype=torch.float64)
    weights = torch.tensor([1.0, 1.0, 2.0], dtype=torch.float64) / 4
    # from 0: pulls 1/1, 1/2, 2/4 give (1 + 1 + 2) / 2 = 2; from there: distances 1, 0.5 (that is
    # the smoothing) and 2, pulls 1, 2, 1 give (1 + 4 + 4) / 4
    rule = GeometricMedian(iterations=1, smoothing=0.5)
    assert rule.merge(updates, weights).item() == pytest.approx(2.0)
    rule = GeometricMedian(iterations=2, smoothing=0.5)
    assert rule.merge(updates, weights).item() == pytest.approx(2.25)


@pytest.mark.parametrize("seed", range(3))
def test_it_has_the_least_weighted_sum_of_distances(seed: int) -> None:
    updates = random_rows(9, 4, seed)
    weights = torch.linspace(0.5, 1.5, 9, dtype=torch.float64) / 9  # their sum is 1

    def total(point: np.ndarray) -> float:
        return float(weights.numpy() @ np.linalg.norm(updates.numpy() - point, axis=1))

    best = minimize(total, updates.mean(dim=0).numpy(), tol=1e-12)
    merged = CONVERGED.merge(updates, weights).numpy()
    np.testing.assert_allclose(merged, best.x, atol=1e-5)


def test_of_an_equilateral_triangle_it_is_the_centre() -> None:
    corners = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.5, 0.75**0.5]], dtype=torch.float64)
    expected = torch.tensor([0.5, 0.75**0.5 / 3], dtype=torch.float64)
    torch.testing.assert_close(CONVERGED.merge(corners, ones(corners)), expected)


@settings(deadline=None, max_examples=40)
@given(good_and_bad(2, 5))
def test_a_bad_minority_is_bounded(case: tuple[torch.Tensor, int]) -> None:
    """Of n points, f of them bad, the geometric median lies within 2 (n − f) / (n − 2 f) times the
    good ones' largest distance from any point (lemma 24 of Cohen et al. 2016), here their mean.
    """
    updates, num_good = case
    good = updates[:num_good].double()
    middle = good.mean(dim=0)
    factor = 2 * num_good / (num_good - (len(updates) - num_good))
    reach = factor * (good - middle).norm(dim=1).max().item()
    merged = CONVERGED.merge(updates, ones(updates)).double()
    assert (merged - middle).norm().item() <= reach + 1e-6


def test_three_iterations_withstand_a_row_of_any_size() -> None:
    updates = torch.tensor([[1.0], [1.0], [1e30]])
    # from 0: pulls 1, 1, 1e-30 give (1 + 1 + 1) / 2 = 1.5; then pulls 2, 2, 1e-30 give 5 / 4, and
    # pulls 4, 4, 1e-30 give 9 / 8
    rule = GeometricMedian(iterations=3, smoothing=1e-6)
    assert rule.merge(updates, ones(updates)).item() == pytest.approx(1.125)


def test_costs_distances_and_a_sum_for_each_iteration() -> None:
    assert GeometricMedian(iterations=3, smoothing=1e-6).merge_passes(10) == 6


def test_refuses_what_is_out_of_range() -> None:
    with pytest.raises(ValueError, match=r"^iterations must be at least 1, got 0; 3 is RFA's"):
        GeometricMedian(iterations=0, smoothing=1e-6)
    with pytest.raises(ValueError, match=r"^smoothing must be finite and above 0, got 0\.0"):
        GeometricMedian(iterations=3, smoothing=0.0)
