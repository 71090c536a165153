"""float16, int8 and int4: numbers by hand, error bounds, and that rounding is unbiased."""

from collections.abc import Callable

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from runners.compression import Compression
from runners.compression.blocks import _uniform
from tests.runners.compression.options import (
    FLOAT16,
    compressed,
    int4,
    int8,
    merge_of,
    rows,
    vector,
)

NUM_LEVELS = {"int8": 127, "int4": 7}
each_integer = pytest.mark.parametrize(
    ("option", "num_levels"), [(int8(16), 127), (int4(16), 7)], ids=NUM_LEVELS
)
numbers = st.lists(st.floats(-(2.0**100), 2.0**100, width=32), min_size=1, max_size=40)


@each_integer
def test_levels_are_exact_and_blocks_have_their_own(option: Compression, num_levels: int) -> None:
    levels = torch.arange(-8, 8).float().clamp(-num_levels, num_levels)
    levels[0] = -num_levels  # the largest: a level is 1 in this block and 1000 in the next
    update = torch.cat([levels, 1000 * levels, torch.zeros(16), torch.tensor([-0.5])])[None]
    decoded = compressed(option, update.repeat(300, 1), vector(49), merge_of(range(300)))
    torch.testing.assert_close(decoded, update.repeat(300, 1), rtol=1e-6, atol=0.0)


def test_a_message_of_int4_by_hand() -> None:
    # scale 7, so levels are whole numbers: 7, -7, 1, 0, -1 as nibbles 7, 9, 1, 0, 15, first lowest
    update, merge = torch.tensor([[7.0, -7.0, 1.0, 0.0, -1.0]]), merge_of((0,))
    packed, scales = int4().encode(update, (0,), merge, vector(5))
    assert packed.tolist() == [[7 + 16 * 9, 1, 15]]
    assert scales.tolist() == [[7.0]]


def test_a_message_of_int8_by_hand() -> None:
    update, merge = torch.tensor([[-127.0, 5.0, 0.0, 6.0]]), merge_of((0,))
    codes, scales = int8(3).encode(update, (0,), merge, vector(4))
    assert codes.tolist() == [[-127, 5, 0, 127]]
    assert (codes.dtype, scales.tolist()) == (torch.int8, [[127.0, 6.0]])


@each_integer
def test_the_mean_is_the_number(option: Compression, num_levels: int) -> None:
    num_rows, update = 6_000, rows(1, 33)
    merge = merge_of(range(num_rows))
    decoded = compressed(option, update.repeat(num_rows, 1), vector(33), merge).double()
    scales = torch.cat([update[:, :16], update[:, 16:32]]).abs().amax(dim=1).repeat_interleave(16)
    steps = torch.cat([scales, update[0, 32:].abs()]).double() / num_levels
    above = (update[0].double() / steps) % 1
    # a number of part p between two levels is off by p with 1 − p and by 1 − p with p
    deviations = steps * (above * (1 - above)).sqrt()
    error = (decoded.mean(dim=0) - update[0]).abs()
    assert (error <= 5 * deviations / num_rows**0.5 + 1e-6 * steps).all()
    torch.testing.assert_close(decoded.std(dim=0), deviations, rtol=0.1, atol=1e-3)


def test_draws_are_odd_multiples_whose_mean_is_a_half() -> None:
    merge = merge_of(range(3))
    numbers = _uniform((3, 2, 20_001), merge.partners, merge, torch.device("cpu")).double()
    places = numbers * 2**17
    assert ((places % 2 == 1) & (numbers > 0) & (numbers < 1)).all()
    # uniform numbers deviate by 12^-½ = 0.289, their mean over 40,002 by 0.00144
    assert ((numbers.mean(dim=(1, 2)) - 0.5).abs() < 5 * 0.00144).all()


@each_integer
@settings(deadline=None, max_examples=40)
@given(values=numbers)
def test_no_number_is_a_level_off_nor_outgrows_its_block(
    option: Compression, num_levels: int, values: list[float]
) -> None:
    update = torch.tensor([values])
    decoded = compressed(option, update, vector(len(values)), merge_of((0,)))
    for block, sent in zip(update[0].split(16), decoded[0].split(16), strict=True):
        largest = block.abs().max()
        assert (sent.abs() <= largest).all()
        assert ((sent - block).abs().double() <= largest.double() / num_levels * 1.00001).all()
        assert sent[block.abs() == largest].abs().eq(largest).all() or largest < 1e-40


def test_float16_by_hand() -> None:
    # the largest, 2^20 + 2^10, needs 11 bits; of 2^10 + 0.4 the steps are 1
    update = torch.tensor([[2.0**20 + 2.0**10, 2.0**10 + 0.4, 0.0, -(2.0**-3)]])
    decoded = compressed(FLOAT16, update, vector(4), merge_of((0,)))
    assert decoded.tolist() == [[2.0**20 + 2.0**10, 2.0**10, 0.0, -(2.0**-3)]]
    halves, powers = FLOAT16.encode(update, (0,), merge_of((0,)), vector(4))
    assert (halves.dtype, powers.tolist()) == (torch.float16, [[2.0**6]])  # to 2^14 + 2^4


@settings(deadline=None, max_examples=40)
@given(values=numbers)
@example(values=[1e-44, -3e-45])
def test_float16_keeps_11_bits_of_what_is_not_tiny(values: list[float]) -> None:
    update = torch.tensor([values], dtype=torch.float32)
    decoded = compressed(FLOAT16, update, vector(len(values)), merge_of((0,)))
    least = 2.0**-39 * update.abs().max().double() + 2.0**-139
    bound = torch.maximum(2.0**-11 * update.abs().double(), least)
    assert ((decoded.double() - update.double()).abs() <= bound).all()


def test_float16_takes_the_largest_of_float32() -> None:
    update = torch.tensor([[3.4e38, -1e38, 1e-38]])
    decoded = compressed(FLOAT16, update, vector(3), merge_of((0,)))
    torch.testing.assert_close(decoded[0, :2], update[0, :2], rtol=2.0**-11, atol=0.0)


@pytest.mark.parametrize("option", [int8, int4])
def test_refuses_blocks_of_nothing(option: Callable[[int], Compression]) -> None:
    with pytest.raises(ValueError, match=r"^block_size must be at least 1, got 0"):
        option(0)
