"""Owns memory that is written to again and again: the system clears new pages, which takes as long
as a copy into them.
"""

import math

import torch


class Room:
    """Hand out tensors like `like` (its type and device); each takes the memory of the one
    before.
    """

    def __init__(self, like: torch.Tensor) -> None:
        self._memory = like.new_empty(0)

    def tensor(self, *shape: int) -> torch.Tensor:
        """Return a tensor of this shape, with any numbers in it."""
        needed = math.prod(shape)
        if needed > self._memory.numel():
            self._memory = self._memory.new_empty(needed)
        return self._memory[:needed].view(shape)
