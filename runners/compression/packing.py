"""Owns how small codes share bytes: bits by eight, nibbles by two, the first in the lowest places.

Rows are (num_rows, count) before and uint8 (num_rows, ⌈count / 8⌉ or ⌈count / 2⌉) after; places
that are left over are 0.
"""

import numpy as np
import torch
from torch.nn.functional import pad


def pack_bits(bits: torch.Tensor) -> torch.Tensor:
    """Return booleans as bytes; numpy has instructions for it that torch lacks on a CPU."""
    if bits.device.type == "cpu":
        return torch.from_numpy(np.packbits(bits.numpy(), axis=1, bitorder="little"))
    return _packed(bits)


def unpack_bits(packed: torch.Tensor, count: int) -> torch.Tensor:
    """Return `count` booleans of each row."""
    if packed.device.type == "cpu":
        bits = np.unpackbits(packed.numpy(), axis=1, count=count, bitorder="little")
        return torch.from_numpy(bits.view(bool))
    return _unpacked(packed, count)


def pack_nibbles(codes: torch.Tensor) -> torch.Tensor:
    """Return integers from -8 to 7 as nibbles of two's complement."""
    nibbles = pad(codes.to(torch.uint8) & 15, (0, codes.shape[1] % 2))
    return nibbles[:, ::2] | (nibbles[:, 1::2] << 4)


def unpack_nibbles(packed: torch.Tensor, count: int) -> torch.Tensor:
    """Return `count` int8 of each row."""
    low, high = (packed << 4).view(torch.int8) >> 4, packed.view(torch.int8) >> 4
    return torch.stack([low, high], dim=2).flatten(1)[:, :count]


def _packed(bits: torch.Tensor) -> torch.Tensor:
    padded = pad(bits.to(torch.uint8), (0, -bits.shape[1] % 8)).unflatten(1, (-1, 8))
    return (padded << _places(bits.device)).sum(dim=2, dtype=torch.uint8)


def _unpacked(packed: torch.Tensor, count: int) -> torch.Tensor:
    bits = (packed[:, :, None] >> _places(packed.device)) & 1
    return bits.flatten(1)[:, :count].bool()


def _places(device: torch.device) -> torch.Tensor:
    return torch.arange(8, dtype=torch.uint8, device=device)
