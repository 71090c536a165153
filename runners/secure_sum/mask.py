"""Owns masks: uniform words from the AES-256 stream cipher in counter mode.

A seed is a key of 32 bytes that makes one mask and nothing else, so the counter begins at zero. All
masks are added to a block of the vector, which stays in a core's cache, before the next block.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CTR

from runners.secure_sum.fixed_point import Words

CIPHER_BLOCK_BYTES = 16
BLOCK_BYTES = 2**18  # the fastest of 2**14 to 2**19, by a quarter, with 2 MiB of cache
ZEROS = memoryview(bytes(BLOCK_BYTES))


@dataclass(frozen=True, kw_only=True)
class Mask:
    """Name a mask by its seed, and say whether it is added, `sign` 1, or subtracted, −1."""

    seed: bytes
    sign: int


def add_masks(total: Words, masks: Iterable[Mask]) -> None:
    """Add the masks to `total`, in place; words wrap."""
    made = [(_encryptor(mask.seed), np.add if mask.sign > 0 else np.subtract) for mask in masks]
    buffer = bytearray(min(total.nbytes, BLOCK_BYTES) + CIPHER_BLOCK_BYTES)
    step = BLOCK_BYTES // total.itemsize
    for start in range(0, len(total), step):
        block = total[start : start + step]
        zeros, words = ZEROS[: block.nbytes], np.frombuffer(buffer, total.dtype, len(block))
        for encryptor, combine in made:
            encryptor.update_into(zeros, buffer)
            combine(block, words, out=block)


def _encryptor(seed: bytes) -> CipherContext:
    return Cipher(AES256(seed), CTR(bytes(CIPHER_BLOCK_BYTES))).encryptor()
