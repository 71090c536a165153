"""Attack `sign_flip`: malicious partners send their own update backwards, and longer: −s u (Li et
al. 2019, RSA).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runners.attack import OwnUpdates
from runners.privacy import Merge
from sim.bounds import positive

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True)
class SignFlip(OwnUpdates):
    """Send −`scale` times the update."""

    scale: float

    def __post_init__(self) -> None:
        super().__post_init__()
        positive("scale", self.scale, remedy="1 only turns the update round; try 4")

    def sent(self, update: "torch.Tensor", partner: int, merge: Merge) -> "torch.Tensor":
        """Return the update, turned round."""
        return -self.scale * update
