"""Compression `random_k`: numbers at random coordinates (Stich et al. 2018).

Both sides draw the coordinates from a seed that they share, so only numbers are sent. Without error
feedback they are multiplied by d / k for k of d, which makes it unbiased, with a mean squared error
of (d / k − 1) |u|². With error feedback they are sent as they are, which is a contraction in the
mean: E |u − C(u)|² = (1 − k / d) |u|².

With `shared_support` all partners of a merge send the same coordinates: the numbers can then be
added up as they come, also by a secure sum, which is so much shorter. But the partners' errors are
alike, and a mean over partners does not make them smaller.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runners.compression import FLOAT_BYTES, Compression, Layout, Wire, check_speeds
from runners.compression.sparse import check_fraction, num_kept, scattered
from runners.privacy import Merge

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True)
class RandomK(Compression):
    """Send a random `fraction` of an update's numbers."""

    fraction: float
    error_feedback: bool
    shared_support: bool
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
    def sum_obstacle(self) -> str | None:
        """None where partners send the same coordinates."""
        return None if self.shared_support else "partners send different coordinates"

    def encode(
        self, updates: "torch.Tensor", partners: Sequence[int], merge: Merge, layout: Layout
    ) -> Wire:
        """Return the numbers at the coordinates."""
        indices = self._indices(updates, partners, merge, layout)
        values = updates.gather(1, indices)
        return [values if self.error_feedback else values * (layout.num_trained / len(indices[0]))]

    def decode(
        self, wire: Wire, partners: Sequence[int], merge: Merge, layout: Layout
    ) -> "torch.Tensor":
        """Return the numbers that were sent, and zeros."""
        (values,) = wire
        indices = self._indices(values, partners, merge, layout)
        return scattered(values, indices, layout.num_trained)

    def trained_bytes(self, layout: Layout) -> int:
        """Return four bytes for each number that is sent."""
        return FLOAT_BYTES * num_kept(self.fraction, layout.num_trained)

    def _indices(
        self, like: "torch.Tensor", partners: Sequence[int], merge: Merge, layout: Layout
    ) -> "torch.Tensor":
        """Return each partner's coordinates, (num_updates, k)."""
        import torch

        count = layout.num_trained
        kept = num_kept(self.fraction, count)
        names = ["shared"] if self.shared_support else list(partners)
        drawn = [
            merge.stream("compression", name).choice(count, kept, replace=False, shuffle=False)
            for name in names
        ]
        indices = torch.stack([torch.from_numpy(one) for one in drawn]).to(like.device)
        return indices.expand(len(partners), kept)
