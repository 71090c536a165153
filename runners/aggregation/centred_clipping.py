"""Aggregation `centred_clipping`: the mean of the updates, clipped around a centre (Karimireddy et
al. 2021).

v ← v + Σ p_i (u_i − v) min(1, τ / |u_i − v|), with p the weights over their sum. The paper begins
at the last round's aggregate, of momenta; here updates are what the model moves by, so it begins at
zero, the current model, and no state is kept. The result is multiplied by the sum of the weights;
v is no longer than τ times the iterations.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from runners.aggregation.rows import distances, finite, weighted_sum
from sim.bounds import at_least, positive

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True)
class CentredClipping:
    """Clip to `radius` τ around the centre, `iterations` times."""

    radius: float
    iterations: int
    needs_rows: ClassVar[Literal[True]] = True

    def __post_init__(self) -> None:
        positive("radius", self.radius, remedy="try the median of the honest updates' norms")
        at_least("iterations", self.iterations, 1, remedy="1 to 3 are the paper's")

    def check(self, num_updates: int) -> None:
        """Accept any number."""

    def merge_passes(self, num_updates: int) -> float:
        """Return two for each iteration: the distances, then the sum."""
        return 2.0 * self.iterations

    def merge(self, updates: "torch.Tensor", weights: "torch.Tensor") -> "torch.Tensor":
        """Return the sum of the weights times the centre."""
        rows, votes = finite(updates, weights.double())
        votes = votes / votes.sum()
        centre = updates.new_zeros(updates.shape[1]).double()
        for _ in range(self.iterations):
            shares = votes * (self.radius / distances(rows, centre)).clamp(max=1)
            centre = centre * (1 - shares.sum()) + weighted_sum(rows, shares)
        return (centre * weights.sum()).to(updates.dtype)
