"""Owns quantisation in blocks: runs of numbers share a scale, their largest size, and each number
is a whole number of scale / num_levels, from -num_levels to num_levels (QSGD, Alistarh et al. 2017,
with the largest size as norm and buckets).

Rounding is stochastic: up with the probability of what is left above the level below, to 2^-17, so
that a number's mean is the number, and its error is below scale / num_levels. A block with what is
not finite comes out as NaN, and so it shows.
"""

from collections.abc import Sequence
from math import prod

import numpy as np
import torch
from torch.nn.functional import pad

from runners.privacy import Merge


def quantised(
    updates: torch.Tensor,
    num_levels: int,
    block_size: int,
    partners: Sequence[int],
    merge: Merge,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return codes, int8 (num_rows, count), and scales, float32 (num_rows, num_blocks)."""
    count = updates.shape[1]
    blocks = _in_blocks(updates, block_size)
    scales = blocks.abs().amax(dim=2)
    divisors = torch.where(scales == 0, 1, scales)
    levels = (blocks / divisors[:, :, None]).mul_(num_levels)
    levels += _uniform(blocks.shape, partners, merge, blocks.device)
    return levels.floor_().flatten(1)[:, :count].to(torch.int8), scales


def dequantised(
    codes: torch.Tensor, scales: torch.Tensor, num_levels: int, block_size: int
) -> torch.Tensor:
    """Return the numbers that codes and scales stand for, float32 (num_rows, count)."""
    blocks = _in_blocks(codes.float(), block_size).div_(num_levels).mul_(scales[:, :, None])
    return blocks.flatten(1)[:, : codes.shape[1]]


def _in_blocks(rows: torch.Tensor, block_size: int) -> torch.Tensor:
    missing = -rows.shape[1] % block_size
    return (pad(rows, (0, missing)) if missing else rows).unflatten(1, (-1, block_size))


def _uniform(
    shape: Sequence[int], partners: Sequence[int], merge: Merge, device: torch.device
) -> torch.Tensor:
    """Return numbers above 0 and below 1, uniform on the odd multiples of 2^-17, a row of each
    partner's own; the same on all devices.

    So few bits are drawn fast, and a whole number of up to 127 plus such a number is exact in
    float32: it is never rounded up.
    """
    count = prod(shape[1:])
    words = np.empty((len(partners), -(-count // 4)), dtype=np.uint64)
    for row, partner in zip(words, partners, strict=True):
        row[:] = merge.stream("compression", partner).bit_generator.random_raw(len(row))
    drawn = torch.from_numpy(words.view(np.int16)).to(device)[:, :count].float()
    return drawn.add_(2**15 + 0.5).mul_(2.0**-16).view(*shape)
