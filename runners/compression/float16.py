"""Compression `float16`: half precision, rounded to nearest.

An update is first divided by a power of two, sent with it, which brings its largest number to
between 2^14 and 2^15, so that none overflows and small ones keep their 11 bits down to 2^-29 of the
largest. Not unbiased: a number is off by up to 2^-11 of itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runners.compression import FLOAT_BYTES, Compression, Layout, Wire, check_speeds
from runners.privacy import Merge

if TYPE_CHECKING:
    import torch

HALF_BYTES = 2
LARGEST_EXPONENT = 15
LEAST_EXPONENT = -100
"""Of an update's largest number that is still brought up, so that the divisor stays normal."""


@dataclass(frozen=True, kw_only=True)
class Float16(Compression):
    """Send two bytes a number, and four for the power of two."""

    encode_bytes_per_s: float
    decode_bytes_per_s: float

    def __post_init__(self) -> None:
        check_speeds(self)

    @property
    def sum_obstacle(self) -> str:
        """A secure sum has its own numbers."""
        return "it adds up its own fixed-point numbers, as long for a float16 as for a float32"

    def encode(
        self, updates: "torch.Tensor", partners: Sequence[int], merge: Merge, layout: Layout
    ) -> Wire:
        """Return halves and the powers of two."""
        import torch

        exponents = torch.frexp(updates.abs().amax(dim=1, keepdim=True)).exponent
        exponents = exponents.clamp(min=LEAST_EXPONENT) - LARGEST_EXPONENT
        powers = torch.ldexp(updates.new_ones(exponents.shape), exponents)
        return [(updates / powers).half(), powers]

    def decode(
        self, wire: Wire, partners: Sequence[int], merge: Merge, layout: Layout
    ) -> "torch.Tensor":
        """Return float32 numbers."""
        halves, powers = wire
        return halves.float().mul_(powers)

    def trained_bytes(self, layout: Layout) -> int:
        """Return two bytes a number and four."""
        return HALF_BYTES * layout.num_trained + FLOAT_BYTES
