"""Compression `adaptive`: several levels, of which an agent picks the one that all send at in a
round (`sim.decision`, `compression`); the first one where nobody picks.

What is true of a run must be true whatever is picked: so it goes where all of its levels may go.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runners.compression import Compression, Layout, Wire, check_speeds
from runners.compression.block_scales import check_block_size
from runners.compression.float16 import Float16
from runners.compression.int4 import Int4
from runners.compression.int8 import Int8
from runners.privacy import Merge
from sim.bounds import one_of

if TYPE_CHECKING:
    import torch

LEVELS = ("float16", "int8", "int4")


@dataclass(frozen=True, kw_only=True)
class Adaptive(Compression):
    """Send as the level of a merge has it; `levels` are names, the finest first.

    The block size is that of the levels with blocks; the speeds are those of the slowest.
    """

    levels: tuple[str, ...]
    block_size: int
    encode_bytes_per_s: float
    decode_bytes_per_s: float

    def __post_init__(self) -> None:
        if not self.levels:
            raise ValueError("levels must be at least one, got none; try [float16,int8,int4]")
        for level in self.levels:
            one_of("levels", level, LEVELS)
        check_block_size(self.block_size)
        check_speeds(self)

    @property
    def num_levels(self) -> int:
        """How many levels there are."""
        return len(self.levels)

    def at(self, level: int) -> Compression:
        """Return a level's compression."""
        speeds = {
            "encode_bytes_per_s": self.encode_bytes_per_s,
            "decode_bytes_per_s": self.decode_bytes_per_s,
        }
        name = self.levels[level]
        if name == "float16":
            return Float16(**speeds)
        kind = Int8 if name == "int8" else Int4
        return kind(block_size=self.block_size, **speeds)

    def encode(
        self, updates: "torch.Tensor", partners: Sequence[int], merge: Merge, layout: Layout
    ) -> Wire:
        """Return what the merge's level sends."""
        return self.at(merge.compression).encode(updates, partners, merge, layout)

    def decode(
        self, wire: Wire, partners: Sequence[int], merge: Merge, layout: Layout
    ) -> "torch.Tensor":
        """Return what the merge's level makes of it."""
        return self.at(merge.compression).decode(wire, partners, merge, layout)

    def trained_bytes(self, layout: Layout) -> int:
        """Return what the first level takes."""
        return self.at(0).trained_bytes(layout)
