"""Aggregation `geometric_median`: the point with the least weighted sum of distances from the
updates (RFA, Pillutla et al. 2022).

Found by the smoothed Weiszfeld algorithm: z ← Σ β_i u_i / Σ β_i with β_i = w_i / max(ν, |u_i − z|).
It begins at zero, the current model, and not at the mean, which one bad update can put anywhere.
The result is multiplied by the sum of the weights. It withstands bad updates with less than half of
the weight.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from runners.aggregation.rows import distances, finite, weighted_sum
from sim.bounds import at_least, positive

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True)
class GeometricMedian:
    """Take `iterations` steps of Weiszfeld's, with `smoothing` ν the least distance."""

    iterations: int
    smoothing: float
    needs_rows: ClassVar[Literal[True]] = True

    def __post_init__(self) -> None:
        at_least("iterations", self.iterations, 1, remedy="3 is RFA's")
        positive("smoothing", self.smoothing, remedy="1e-6 is RFA's")

    def check(self, num_updates: int) -> None:
        """Accept any number; one update is its own median."""

    def merge_passes(self, num_updates: int) -> float:
        """Return two for each iteration: the distances, then the sum."""
        return 2.0 * self.iterations

    def merge(self, updates: "torch.Tensor", weights: "torch.Tensor") -> "torch.Tensor":
        """Return the sum of the weights times the median."""
        rows, votes = finite(updates, weights.double())
        centre = updates.new_zeros(updates.shape[1]).double()
        for _ in range(self.iterations):
            pulls = votes / distances(rows, centre).clamp(min=self.smoothing)
            centre = weighted_sum(rows, pulls / pulls.sum())
        return (centre * weights.sum()).to(updates.dtype)
