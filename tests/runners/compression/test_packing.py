"""Bits and nibbles: bytes by hand, and there and back."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from runners.compression import packing

counts = st.integers(1, 40)
seeds = st.integers(0, 10_000)


def test_bits_by_hand() -> None:
    bits = torch.tensor([[1, 0, 1, 1, 0, 0, 0, 0, 0, 1]]).bool()
    assert packing.pack_bits(bits).tolist() == [[1 + 4 + 8, 2]]


def test_nibbles_by_hand() -> None:
    codes = torch.tensor([[1, -1, 7, -7, -8]], dtype=torch.int8)
    # in two's complement 1, 15, 7, 9, 8
    assert packing.pack_nibbles(codes).tolist() == [[1 + 16 * 15, 7 + 16 * 9, 8]]


@given(counts, seeds)
def test_bits_come_back_from_a_byte_for_eight(count: int, seed: int) -> None:
    bits = torch.randint(2, (3, count), generator=torch.Generator().manual_seed(seed)).bool()
    packed = packing.pack_bits(bits)
    assert (packed.dtype, packed.shape) == (torch.uint8, (3, -(-count // 8)))
    assert torch.equal(packing.unpack_bits(packed, count), bits)


@given(counts, seeds)
def test_gpus_pack_as_cpus_do(count: int, seed: int) -> None:
    bits = torch.randint(2, (3, count), generator=torch.Generator().manual_seed(seed)).bool()
    packed = packing.pack_bits(bits)
    assert torch.equal(packing._packed(bits), packed)
    assert torch.equal(packing._unpacked(packed, count), bits)


@given(counts, seeds)
def test_nibbles_come_back_from_a_byte_for_two(count: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    codes = torch.randint(-8, 8, (3, count), generator=generator, dtype=torch.int8)
    packed = packing.pack_nibbles(codes)
    assert (packed.dtype, packed.shape) == (torch.uint8, (3, -(-count // 2)))
    assert torch.equal(packing.unpack_nibbles(packed, count), codes)
