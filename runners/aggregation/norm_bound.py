"""Aggregation `norm_bound`: no update is longer than a bound (norm thresholding, Sun et al. 2019).

The weighted sum of u min(1, M / |u|): the direction stays, and one partner moves the model by its
weight times M at most.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from sim.bounds import positive

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True)
class NormBound:
    """Scale updates to at most `max_norm`, the Euclidean norm M."""

    max_norm: float
    needs_rows: ClassVar[Literal[False]] = False

    def __post_init__(self) -> None:
        positive("max_norm", self.max_norm, remedy="try the median of the honest updates' norms")

    def check(self, num_updates: int) -> None:
        """Accept any number."""

    def merge_passes(self, num_updates: int) -> float:
        """Return 2: the norm, then the sum."""
        return 2.0

    def factors(self, weights: "torch.Tensor", norms: "torch.Tensor") -> "torch.Tensor":
        """Return the weights, made smaller where the norm is above the bound; an infinite norm
        has factor 0.
        """
        return weights * (self.max_norm / norms).clamp(max=1)
