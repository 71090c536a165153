"""Compression `int4`: whole numbers of 4 bits, two in a byte, with a scale for each block; rounded
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

NUM_LEVELS = 7


@dataclass(frozen=True, kw_only=True)
class Int4(Compression):
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
        """Return pairs of numbers and scales."""
        from runners.compression.blocks import quantised
        from runners.compression.packing import pack_nibbles

        codes, scales = quantised(updates, NUM_LEVELS, self.block_size, partners, merge)
        return [pack_nibbles(codes), scales]

    def decode(
        self, wire: Wire, partners: Sequence[int], merge: Merge, layout: Layout
    ) -> "torch.Tensor":
        """Return float32 numbers."""
        from runners.compression.blocks import dequantised
        from runners.compression.packing import unpack_nibbles

        packed, scales = wire
        codes = unpack_nibbles(packed, layout.num_trained)
        return dequantised(codes, scales, NUM_LEVELS, self.block_size)

    def trained_bytes(self, layout: Layout) -> int:
        """Return a byte for two numbers, and four a block."""
        return -(-layout.num_trained // 2) + scale_bytes(layout, self.block_size)
