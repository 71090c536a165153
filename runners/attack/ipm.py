"""Attack `ipm`: inner product manipulation (Xie et al. 2020, "Fall of Empires").

Malicious partners all send −ε μ, with μ the mean of the honest updates, so that the inner product
of the merged update and μ becomes negative. A mean turns round where ε is above (n − f) / f. With a
small ε rules that look for outliers find none where honest updates lie further than (1 + ε) |μ|
from their mean, as they do late in a training: then −ε μ is nearer to them than they are to one
another.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runners.attack import Omniscient
from runners.attack.moments import mean_of
from sim.bounds import positive

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True)
class Ipm(Omniscient):
    """Send −`epsilon` times the honest mean."""

    epsilon: float

    def __post_init__(self) -> None:
        super().__post_init__()
        positive("epsilon", self.epsilon, remedy="0.5 deceives medians, 10 turns a mean round")

    def forged(self, honest: "torch.Tensor", num_malicious: int) -> "torch.Tensor":
        """Return −ε μ."""
        return -self.epsilon * mean_of(honest)
