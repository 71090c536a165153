"""Aggregation `trimmed_mean`: of each weight of the model, the mean of what is left without the
largest and the smallest updates (Yin et al. 2018, option II).

Of n updates, floor(fraction n) go at each end. Each update has one vote; the mean is multiplied by
the sum of the weights. It stays within the range of the good updates while no more are bad than go
at one end.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, log2
from typing import TYPE_CHECKING, ClassVar, Literal

from runners.aggregation.rows import column_blocks, ordered

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True)
class TrimmedMean:
    """Leave out `fraction` of the updates at each end, coordinate by coordinate."""

    fraction: float
    needs_rows: ClassVar[Literal[True]] = True

    def __post_init__(self) -> None:
        if not 0 < self.fraction < 0.5:
            raise ValueError(
                f"fraction must be above 0 and below 0.5, got {self.fraction}; "
                "try the part of the partners that may be bad, such as 0.25"
            )

    def check(self, num_updates: int) -> None:
        """Raise ValueError where nothing would be left out."""
        if self._num_trimmed(num_updates) == 0:
            remedy = "try aggregation=median"
            if num_updates > 2:
                remedy = f"try aggregation.fraction={ceil(100 / num_updates) / 100}"
            raise ValueError(
                f"aggregation.fraction must leave out at least 1 of the {num_updates} updates at "
                f"each end, got {self.fraction}, which leaves out 0; {remedy}"
            )

    def merge_passes(self, num_updates: int) -> float:
        """Return log2 n: sorting n numbers takes about n log2 n comparisons, adding them n sums."""
        return max(1.0, log2(num_updates))

    def merge(self, updates: "torch.Tensor", weights: "torch.Tensor") -> "torch.Tensor":
        """Return the sum of the weights times the means."""
        self.check(len(updates))
        num_trimmed = self._num_trimmed(len(updates))
        kept = slice(num_trimmed, len(updates) - num_trimmed)
        centre = updates.new_empty(updates.shape[1]).double()
        for block in column_blocks(updates):
            centre[block] = ordered(updates[:, block])[kept].double().mean(dim=0)
        return (centre * weights.sum()).to(updates.dtype)

    def _num_trimmed(self, num_updates: int) -> int:
        """Return floor(fraction n) of the decimal fraction as it was written: 0.29 of 100 is 29,
        where floats make it 28.999….
        """
        return int(Fraction(str(self.fraction)) * num_updates)
