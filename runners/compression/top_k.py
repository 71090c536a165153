"""Compression `top_k`: the numbers of largest size, and where they stand (Stich et al. 2018).

It is a contraction: |u − C(u)|² ≤ (1 − k / d) |u|² for k of d numbers. Not unbiased; without error
feedback, numbers that are never among the largest never arrive. Where they stand is said in the
shorter of two ways: four bytes each, or a bit for every number of the update.

Which coordinates are sent depends on the partner's data, and whoever sees the message learns it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from runners.compression import FLOAT_BYTES, Compression, Layout, Wire, check_speeds
from runners.compression.sparse import check_fraction, num_kept, scattered
from runners.privacy import Merge

if TYPE_CHECKING:
    import torch

INDEX_BYTES = 4


@dataclass(frozen=True, kw_only=True)
class TopK(Compression):
    """Send the largest `fraction` of an update's numbers."""

    fraction: float
    error_feedback: bool
    encode_bytes_per_s: float
    decode_bytes_per_s: float

    def __post_init__(self) -> None:
        check_fraction(self.fraction)
        check_speeds(self)

    @property
    def keeps_errors(self) -> bool:
        """Whether what is not sent is kept for the next update."""
        return self.error_feedback

    @property
    def sum_obstacle(self) -> str:
        """Coordinates differ, and give something away."""
        return (
            "partners choose different coordinates, which would have to be told openly, and say "
            "where a partner's update is largest"
        )

    def encode(
        self, updates: "torch.Tensor", partners: Sequence[int], merge: Merge, layout: Layout
    ) -> Wire:
        """Return the largest numbers and where they stand."""
        import torch

        from runners.compression.packing import pack_bits

        count = layout.num_trained
        indices = _largest(updates.abs(), num_kept(self.fraction, count))
        values = updates.gather(1, indices)
        if not self._sends_bits(count):
            return [values, indices.to(torch.int32)]
        is_sent = torch.zeros_like(updates, dtype=torch.bool).scatter_(1, indices, True)
        return [values, pack_bits(is_sent)]

    def decode(
        self, wire: Wire, partners: Sequence[int], merge: Merge, layout: Layout
    ) -> "torch.Tensor":
        """Return the numbers that were sent, and zeros."""
        from runners.compression.packing import unpack_bits

        values, places = wire
        count = layout.num_trained
        if not self._sends_bits(count):
            return scattered(values, places.long(), count)
        zeros = values.new_zeros(len(values), count)
        return zeros.masked_scatter_(unpack_bits(places, count), values)

    def trained_bytes(self, layout: Layout) -> int:
        """Return four bytes for each number that is sent, and what says where they stand."""
        count = layout.num_trained
        kept = num_kept(self.fraction, count)
        places = -(-count // 8) if self._sends_bits(count) else INDEX_BYTES * kept
        return FLOAT_BYTES * kept + places

    def _sends_bits(self, count: int) -> bool:
        return -(-count // 8) < INDEX_BYTES * num_kept(self.fraction, count)


def _largest(sizes: "torch.Tensor", num_largest: int) -> "torch.Tensor":
    """Return where each row's largest numbers stand, in rising order; NaN counts as largest.

    numpy takes a quarter of the time of torch.topk on one core (65,536 numbers: 0.14 against 0.58
    ms).
    """
    import torch

    if sizes.device.type != "cpu":
        return _by_topk(sizes, num_largest)
    first = sizes.shape[1] - num_largest
    largest = np.argpartition(sizes.numpy(), first, axis=1)[:, first:]
    return torch.from_numpy(np.sort(largest, axis=1))


def _by_topk(sizes: "torch.Tensor", num_largest: int) -> "torch.Tensor":
    return sizes.topk(num_largest, dim=1, sorted=False).indices.sort(dim=1).values
