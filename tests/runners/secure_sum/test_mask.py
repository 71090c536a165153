"""The cipher's published output, and that masks cancel."""

import numpy as np
import pytest

from runners.secure_sum.mask import BLOCK_BYTES, Mask, add_masks

# AES-256 of a zero block under a zero key (NIST, AESAVS, appendix B, KAT with all zeros)
ZERO_KEY_BLOCK = bytes.fromhex("dc95c078a2408989ad48a21492842087")
LONG = BLOCK_BYTES // 4 * 2 + 5


def seeds(num: int) -> list[bytes]:
    return [bytes([number]) * 32 for number in range(num)]


@pytest.mark.parametrize("word", ["<u4", "<u8"])
def test_a_mask_begins_with_the_cipher_of_zero(word: str) -> None:
    total = np.zeros(16 // np.dtype(word).itemsize, dtype=word)
    add_masks(total, [Mask(seed=bytes(32), sign=1)])
    assert total.tobytes() == ZERO_KEY_BLOCK


@pytest.mark.parametrize("word", ["<u4", "<u8"])
@pytest.mark.parametrize("size", [0, 1, 7, LONG])
def test_what_is_added_can_be_subtracted(size: int, word: str) -> None:
    start = np.random.default_rng(0).integers(0, 2**32, size).astype(word)
    total = start.copy()
    add_masks(total, [Mask(seed=seed, sign=1) for seed in seeds(3)])
    assert size == 0 or not np.array_equal(total, start)
    for seed in seeds(3):
        add_masks(total, [Mask(seed=seed, sign=-1)])
    assert np.array_equal(total, start)


def test_a_mask_does_not_repeat_over_blocks_and_seeds() -> None:
    masks = np.zeros((3, LONG), dtype="<u4")
    for mask, seed in zip(masks, seeds(3), strict=True):
        add_masks(mask, [Mask(seed=seed, sign=1)])
    # 3 * 131,077 words of 32 bits: about 18 pairs are equal by chance, 131,072 if blocks repeat
    num_equal = masks.size - len(np.unique(masks))
    assert num_equal < 60


def test_masks_are_uniform() -> None:
    mask = np.zeros(100_000, dtype="<u4")
    add_masks(mask, [Mask(seed=b"s" * 32, sign=1)])
    counts = np.bincount(mask >> 28, minlength=16)
    # 15 degrees of freedom: above 37.7 in 1 of 1,000 seeds; this seed is one that is not
    assert ((counts - 6250.0) ** 2 / 6250).sum() < 37.7
    add_masks(mask[:10], [])
    assert mask.mean() == pytest.approx(2**31, rel=0.01)
