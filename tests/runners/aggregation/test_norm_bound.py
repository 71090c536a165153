"""A bound on norms, worked by hand."""

import pytest
import torch

from runners.aggregation.norm_bound import NormBound

RULE = NormBound(max_norm=2.0)


def test_long_updates_are_scaled_and_others_are_not() -> None:
    weights = torch.tensor([0.5, 0.3, 0.2, 0.1])
    # 0.5 * 1, 0.3 * 1 at the bound itself, 0.2 * 2/8, and a norm of 0 stays
    factors = RULE.factors(weights, torch.tensor([1.0, 2.0, 8.0, 0.0]))
    assert factors.tolist() == pytest.approx([0.5, 0.3, 0.05, 0.1])


def test_no_scaled_update_is_longer_than_the_bound() -> None:
    updates = torch.randn(20, 9, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    norms = torch.linalg.vector_norm(updates, dim=1)
    assert (norms > 2).any() and (norms < 2).any()
    scaled = RULE.factors(torch.ones(20), norms)[:, None] * updates
    assert torch.linalg.vector_norm(scaled, dim=1).max() <= 2 + 1e-12


def test_an_infinite_norm_has_no_say() -> None:
    assert RULE.factors(torch.ones(1), torch.tensor([float("inf")])).item() == 0


def test_costs_a_pass_for_the_norm_and_one_for_the_sum() -> None:
    assert RULE.merge_passes(100) == 2


def test_refuses_no_bound() -> None:
    with pytest.raises(ValueError, match=r"^max_norm must be finite and above 0, got 0\.0; try"):
        NormBound(max_norm=0.0)
