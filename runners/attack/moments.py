"""Owns the mean and the spread of honest updates, (num_honest, size); results are float64 of shape
(size,).
"""

from typing import TYPE_CHECKING

from runners.aggregation.rows import column_blocks, weighted_sum

if TYPE_CHECKING:
    import torch


def mean_of(honest: "torch.Tensor") -> "torch.Tensor":
    """Return the mean μ."""
    return weighted_sum(honest, honest.new_ones(len(honest)).double() / len(honest))


def deviation_of(honest: "torch.Tensor") -> "torch.Tensor":
    """Return the standard deviation σ of each weight, σ² the mean squared distance from μ."""
    spread = honest.new_empty(honest.shape[1]).double()
    for block in column_blocks(honest):
        spread[block] = honest[:, block].double().std(dim=0, correction=0)
    return spread
