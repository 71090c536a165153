"""Aggregation `mean`: the weighted sum of the updates (McMahan et al. 2017).

One update of any size moves it anywhere.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True)
class Mean:
    """Add up."""

    needs_rows: ClassVar[Literal[False]] = False

    def check(self, num_updates: int) -> None:
        """Accept any number."""

    def merge_passes(self, num_updates: int) -> float:
        """Return 1: adding up is the measure."""
        return 1.0

    def factors(self, weights: "torch.Tensor", norms: "torch.Tensor") -> "torch.Tensor":
        """Return the weights."""
        return weights
