"""Attack `gaussian_noise`: malicious partners send noise in place of their update (Blanchard et al.
2017).

Each number is drawn from N(0, σ²) with σ = r |u| / √size, so that the noise is about r times as
long as the partner's own update: its norm's square has mean (r |u|)², whatever the task.
"""

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

from runners.attack import OwnUpdates
from runners.attack.noise import normal_numbers
from runners.privacy import Merge
from sim.bounds import positive

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True)
class GaussianNoise(OwnUpdates):
    """Send noise `norm_ratio` r times as long as the update."""

    norm_ratio: float

    def __post_init__(self) -> None:
        super().__post_init__()
        positive("norm_ratio", self.norm_ratio, remedy="10 is ten times the partner's update")

    def sent(self, update: "torch.Tensor", partner: int, merge: Merge) -> "torch.Tensor":
        """Return the noise of this partner and merge."""
        std = self.norm_ratio * update.norm() / sqrt(len(update))
        return std * normal_numbers(update, partner, merge)
