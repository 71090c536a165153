"""Owns the normal numbers that malicious partners draw: of each partner and merge alone, the same
wherever the partner is hosted.
"""

from typing import TYPE_CHECKING

from runners.privacy import Merge
from sim.streams import stream

if TYPE_CHECKING:
    import torch


def normal_numbers(like: "torch.Tensor", partner: int, merge: Merge) -> "torch.Tensor":
    """Return draws from N(0, 1), of the shape, type and device of `like`."""
    import torch

    rng = stream(merge.seed, "attack", "noise", partner, merge.number)
    return torch.from_numpy(rng.standard_normal(like.shape)).to(like)
