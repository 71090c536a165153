"""Aggregation `median`: of each weight of the model, the median of the updates (Yin et al. 2018,
option I).

With two in the middle, their mean. Each update has one vote; the median is multiplied by the sum of
the weights. It stays within the range of the good updates as long as they are the majority.
"""

from dataclasses import dataclass
from math import log2
from typing import TYPE_CHECKING, ClassVar, Literal

from runners.aggregation.rows import column_blocks, ordered

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True)
class Median:
    """Take the middle, coordinate by coordinate."""

    needs_rows: ClassVar[Literal[True]] = True

    def check(self, num_updates: int) -> None:
        """Accept any number; one update is its own median."""

    def merge_passes(self, num_updates: int) -> float:
        """Return log2 n: sorting n numbers takes about n log2 n comparisons, adding them n sums."""
        return max(1.0, log2(num_updates))

    def merge(self, updates: "torch.Tensor", weights: "torch.Tensor") -> "torch.Tensor":
        """Return the sum of the weights times the medians."""
        upper = len(updates) // 2
        lower = upper if len(updates) % 2 else upper - 1
        centre = updates.new_empty(updates.shape[1])
        for block in column_blocks(updates):
            rows = ordered(updates[:, block])
            centre[block] = rows[lower] / 2 + rows[upper] / 2
        return centre * weights.sum().to(centre.dtype)
