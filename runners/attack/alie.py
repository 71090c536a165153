"""Attack `alie`: a little is enough (Baruch et al. 2019, algorithm 3).

Malicious partners all send μ − z σ, with μ and σ the mean and standard deviation of the honest
updates, weight by weight. Of n updates f are malicious, and s = ⌊n/2 + 1⌋ − f honest ones must be
further out than the forged ones for these to be near the majority's middle: z = Φ⁻¹((n − f − s) /
(n − f)). It is small where few are malicious (0.25 with 10 of 50), and where it would be negative,
0 takes its place.
"""

from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

from runners.attack import Omniscient
from runners.attack.moments import deviation_of, mean_of
from sim.bounds import positive

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True)
class Alie(Omniscient):
    """Hide within the honest updates' spread, `z` standard deviations away; None takes the paper's
    number for the merge's updates.
    """

    z: float | None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.z is not None:
            positive("z", self.z, remedy="1.5 is as far out as one of 15; null is the paper's")

    def forged(self, honest: "torch.Tensor", num_malicious: int) -> "torch.Tensor":
        """Return μ − z σ."""
        z = self.z
        if z is None:
            z = most_deviation(len(honest) + num_malicious, num_malicious)
        return mean_of(honest) - z * deviation_of(honest)


def most_deviation(num_updates: int, num_malicious: int) -> float:
    """Return the paper's z for f malicious ones of n updates, 0 where it is negative.

    With a malicious majority, one honest update is taken to be needed all the same.
    """
    num_honest = num_updates - num_malicious
    num_supporters = max(1, num_updates // 2 + 1 - num_malicious)
    share = (num_honest - num_supporters) / num_honest
    return NormalDist().inv_cdf(share) if share > 0.5 else 0.0
