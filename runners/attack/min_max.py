"""Attack `min_max`: as far out as an honest update could be (Shejwalkar & Houmansadr 2021).

Malicious partners all send μ + γ p, with μ the mean of the honest updates and p a direction that
hurts: −μ (`unit`), −σ of each weight (`std`) or −sign μ (`sign`). γ is the largest with which no
honest update is further from the forged one than the two honest ones furthest apart, at D.

The paper halves steps until it has found γ. Here it is solved for: |μ + γ p − u|² ≤ D² is quadratic
in γ, and with a = μ − u its larger root is γ_u = (−a·p + √((a·p)² + |p|² (D² − |a|²))) / |p|²; γ is
the least of these. |a| ≤ D, since μ lies among the updates, so there is a root of at least 0.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runners.aggregation.rows import column_blocks, distances, squared_distances
from runners.attack import Omniscient
from runners.attack.moments import deviation_of, mean_of
from sim.bounds import one_of

if TYPE_CHECKING:
    import torch

DIRECTIONS = ("unit", "std", "sign")


@dataclass(frozen=True, kw_only=True)
class MinMax(Omniscient):
    """Go from the honest mean in one of the paper's three `direction`s."""

    direction: str

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("direction", self.direction, DIRECTIONS)

    def forged(self, honest: "torch.Tensor", num_malicious: int) -> "torch.Tensor":
        """Return μ + γ p; μ where the honest ones are all the same."""
        mean = mean_of(honest)
        direction = self._direction(honest, mean)
        length = direction.norm()
        if length == 0:
            return mean
        direction = direction / length
        return mean + _farthest(honest, mean, direction) * direction

    def _direction(self, honest: "torch.Tensor", mean: "torch.Tensor") -> "torch.Tensor":
        """Return p at any length, which γ makes up for."""
        if self.direction == "unit":
            return -mean
        if self.direction == "sign":
            return -mean.sign()
        return -deviation_of(honest)


def _farthest(
    honest: "torch.Tensor", mean: "torch.Tensor", direction: "torch.Tensor"
) -> "torch.Tensor":
    """Return γ for a direction of length 1."""
    diameter_squared = squared_distances(honest).max()
    along = mean @ direction - _products(honest, direction)
    room = (diameter_squared - distances(honest, mean).square()).clamp(min=0)
    return ((along.square() + room).sqrt() - along).min()


def _products(updates: "torch.Tensor", vector: "torch.Tensor") -> "torch.Tensor":
    """Return each row's inner product with a vector (size,), float64 of shape (n,)."""
    products = updates.new_zeros(len(updates)).double()
    for block in column_blocks(updates):
        products += updates[:, block].double() @ vector[block]
    return products
