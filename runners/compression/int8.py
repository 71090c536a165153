"""Compression `int8`: whole numbers of 8 bits, one byte each, with a scale for each block; rounded
stochastically, so that the mean of what is decoded is the update (`runners.compression.blocks`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runners.compression import Compression, Layout, Wire, check_speeds
from runners.compression.block_scales import SUM_OBSTACLE, check_block_size, scale_bytes
from runners.privacy import Merge

if TYPE_CHECKING:
    import torch

NUM_LEVELS = 127


@dataclass(frozen=True, kw_only=True)
class Int8(Compression):
    """Send a scale of four bytes for each `block_size` numbers."""

    block_size: int
    encode_bytes_per_s: float
    decode_bytes_per_s: float

    def __post_init__(self) -> None:
        check_block_size(self.block_size)
        check_speeds(self)

    @property
    def sum_obstacle(self) -> str:
        """Scales differ, and a secure sum has its own numbers."""
        return SUM_OBSTACLE

    def encode(
        self, updates: "torch.Tensor", partners: Sequence[int], merge: Merge, layout: Layout
    ) -> Wire:
        """Return bytes and scales."""
        from runners.compression.blocks import quantised

        return quantised(updates, NUM_LEVELS, self.block_size, partners, merge)

    def decode(
        self, wire: Wire, partners: Sequence[int], merge: Merge, layout: Layout
    ) -> "torch.Tensor":
        """Return float32 numbers."""
        from runners.compression.blocks import dequantised

        codes, scales = wire
        return dequantised(codes, scales, NUM_LEVELS, self.block_size)

    def trained_bytes(self, layout: Layout) -> int:
        """Return one byte a number, and four a block."""
        return layout.num_trained + scale_bytes(layout, self.block_size)
