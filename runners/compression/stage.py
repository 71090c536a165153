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
    """Send updates of a layout as `compression` encodes them."""

    needs_rows = True

    def __init__(self, compression: Compression, layout: Layout) -> None:
        compression.check(layout)
        self._compression = compression
        self._layout = layout

    def protect(
        self, updates: "torch.Tensor", partners: Sequence[int], merge: Merge
    ) -> "torch.Tensor":
        """Return the updates as the receiver decodes them."""
        return self._compression.compress(updates, partners, merge, self._layout)

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
    if chain.secure_sum is not None:
        raise ValueError(
            "compression must be none under a secure sum, whose masks and ciphers fill every "
            "coordinate; try compression=none, or privacy without a secure sum"
        )
    number = place(compression, chain.mechanisms)
    stages = [*chain.mechanisms[:number], Stage(compression, layout), *chain.mechanisms[number:]]
    return Chain(stages)
