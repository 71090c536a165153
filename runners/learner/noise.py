"""Owns normal noise on vectors, from a seed: whoever knows the seed can take the noise off again.

On a CPU it is drawn by Box and Muller (1958) from 31 bits for the radius, so it ends at
√(2 ln 2³¹) = 6.56 deviations (torch's own at 5.77 in float32), and from SFC64, all of whose seed
counts (torch takes 32 bits of it). A GPU draws from its own Philox generator.
"""

import math

import numpy as np
import torch

NUMBERS_AT_ONCE = 2**17
"""So many are drawn at a time: few calls, and no more memory than the cache has."""


class Noise:
    """Draw from one stream, call by call."""

    def __init__(self, seed: int, device: torch.device) -> None:
        """`seed` is of 63 bits."""
        if device.type == "cpu":
            self._bits: np.random.SFC64 | torch.Generator = np.random.SFC64(seed)
        else:
            self._bits = torch.Generator(device).manual_seed(seed)

    def fill(self, vector: torch.Tensor, deviation: float) -> None:
        """Set `vector` to new noise; draws nothing where the deviation is 0."""
        if deviation == 0:
            vector.zero_()
        elif isinstance(self._bits, torch.Generator):
            vector.normal_(generator=self._bits).mul_(deviation)
        else:
            for piece in vector.split(NUMBERS_AT_ONCE):
                _box_muller(piece, deviation, self._bits)


def _box_muller(vector: torch.Tensor, deviation: float, bits: np.random.SFC64) -> None:
    """Set `vector` to r cos θ and r sin θ with r = √(−2 ln u), u uniform above 0 up to 1."""
    half = -(-len(vector) // 2)
    raw = torch.from_numpy(bits.random_raw(half).view(np.int32)).view(2, half)
    uniform = raw[0].bitwise_and_(2**31 - 1).to(vector.dtype).add_(1).mul_(2.0**-31)
    radius = uniform.log_().mul_(-2 * deviation**2).sqrt_()
    angle = raw[1].to(vector.dtype).mul_(2 * math.pi / 2**32)
    torch.mul(angle.cos(), radius, out=vector[:half])
    rest = len(vector) - half
    torch.mul(angle.sin_()[:rest], radius[:rest], out=vector[half:])
