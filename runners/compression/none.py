"""Compression `none`: every number is sent, as float32."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runners.compression import FLOAT_BYTES, Compression, Layout, Wire
from runners.privacy import Cost, Load, Merge

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True)
class Uncompressed(Compression):
    """Send updates as they are."""

    needs_rows = False

    @property
    def sum_obstacle(self) -> None:
        """Plain numbers can be added up."""

    def compress(
        self, updates: "torch.Tensor", partners: Sequence[int], merge: Merge, layout: Layout
    ) -> "torch.Tensor":
        """Return the updates."""
        return updates

    def encode(
        self, updates: "torch.Tensor", partners: Sequence[int], merge: Merge, layout: Layout
    ) -> Wire:
        """Return the updates."""
        return [updates]

    def decode(
        self, wire: Wire, partners: Sequence[int], merge: Merge, layout: Layout
    ) -> "torch.Tensor":
        """Return the updates."""
        return wire[0]

    def trained_bytes(self, layout: Layout) -> int:
        """Return four bytes for each number."""
        return FLOAT_BYTES * layout.num_trained

    def cost(self, load: Load) -> Cost:
        """Return nothing."""
        return Cost()
