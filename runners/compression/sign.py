"""Compression `sign`: a bit for each number, and the mean size of each tensor's numbers (signSGD,
Bernstein et al. 2018, with the scale and the error feedback of Karimireddy et al. 2019).

C(u) = |u|₁ / d · sign(u) for each tensor of d numbers: |u − C(u)|² = |u|² − |u|₁² / d, so it is a
contraction. The sign of 0 is +. Not unbiased; without error feedback it may not converge
(Karimireddy et al. 2019, section 3).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runners.compression import FLOAT_BYTES, Compression, Layout, Wire, check_speeds
from runners.privacy import Merge

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True)
class Sign(Compression):
    """Send signs, and a scale of four bytes for each tensor."""

    error_feedback: bool
    encode_bytes_per_s: float
    decode_bytes_per_s: float

    def __post_init__(self) -> None:
        check_speeds(self)

    @property
    def keeps_errors(self) -> bool:
        """Whether what is not sent is kept for the next update."""
        return self.error_feedback

    @property
    def sum_obstacle(self) -> str:
        """Scales differ."""
        return "partners' scales differ, so that a sum of signs is not the sum of the updates"

    def encode(
        self, updates: "torch.Tensor", partners: Sequence[int], merge: Merge, layout: Layout
    ) -> Wire:
        """Return signs and scales."""
        import torch

        from runners.compression.packing import pack_bits

        tensors = updates.split(layout.tensor_sizes, dim=1)
        scales = torch.stack([tensor.abs().mean(dim=1) for tensor in tensors], dim=1)
        return [pack_bits(updates >= 0), scales]

    def decode(
        self, wire: Wire, partners: Sequence[int], merge: Merge, layout: Layout
    ) -> "torch.Tensor":
        """Return the scales with their signs."""
        from runners.compression.packing import unpack_bits

        packed, scales = wire
        signs = unpack_bits(packed, layout.num_trained).float().mul_(2).sub_(1)
        tensors = signs.split(layout.tensor_sizes, dim=1)
        for tensor, scale in zip(tensors, scales.T, strict=True):
            tensor *= scale[:, None]
        return signs

    def trained_bytes(self, layout: Layout) -> int:
        """Return a bit a number, and four bytes a tensor."""
        return -(-layout.num_trained // 8) + FLOAT_BYTES * len(layout.tensor_shapes)
