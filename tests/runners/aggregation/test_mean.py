"""The mean takes updates as they are."""

import torch

from runners.aggregation.mean import Mean


def test_factors_are_the_weights_whatever_the_norms() -> None:
    weights = torch.tensor([0.25, 0.5])
    assert Mean().factors(weights, torch.tensor([1.0, 1e9])).tolist() == [0.25, 0.5]
    assert not Mean().needs_rows


def test_costs_one_pass() -> None:
    assert Mean().merge_passes(100) == 1
