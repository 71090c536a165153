"""Owns compression as one of the mechanisms that an update passes through."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from runners.compression import Compression, Layout
from runners.compression.none import Uncompressed
from runners.compression.placement import place
from runners.privacy import Cost, Load, Mechanism, Merge
from runners.privacy.chain import Chain

if TYPE_CHECKING:
    import torch


class Stage(Mechanism):
    """Send updates of a layout as `compression` encodes them.

    What can be added up as it is sent is not decoded before the sum: the mechanisms behind, and a
    secure sum, have these numbers alone.
    """

    needs_rows = True

    def __init__(self, compression: Compression, layout: Layout) -> None:
        compression.check(layout)
        self._compression = compression
        self._layout = layout
        self._is_summed_as_sent = compression.sum_obstacle is None

    def protect(
        self, updates: "torch.Tensor", partners: Sequence[int], merge: Merge
    ) -> "torch.Tensor":
        """Return the updates as the receiver decodes them, or the numbers that are sent where these
        are added up.
        """
        if self._is_summed_as_sent:
            return self._compression.project(updates, partners, merge, self._layout)
        return self._compression.compress(updates, partners, merge, self._layout)

    def num_sent(self, size: int) -> int:
        """Return how many numbers the mechanisms behind have."""
        return self._compression.num_sent(self._layout) if self._is_summed_as_sent else size

    def lift(self, total: "torch.Tensor", merge: Merge) -> "torch.Tensor":
        """Return the update behind a sum."""
        if self._is_summed_as_sent:
            return self._compression.lift(total, merge, self._layout)
        return total

    def wire_bytes(self, num_bytes: int, load: Load) -> int:
        """Return what an encoding weighs, whatever came before."""
        return self._compression.wire_bytes(self._layout)

    def cost(self, load: Load) -> Cost:
        """Return what encoding and decoding cost."""
        return self._compression.cost(load)


def compressed(chain: Chain, compression: Compression, layout: Layout) -> Chain:
    """Return a chain with compression in its place; raises ValueError where it has none."""
    if isinstance(compression, Uncompressed):
        return chain
    number = place(compression, chain.mechanisms)
    stages = [*chain.mechanisms[:number], Stage(compression, layout), *chain.mechanisms[number:]]
    return Chain(stages)
