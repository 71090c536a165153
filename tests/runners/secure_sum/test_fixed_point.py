"""Numbers by hand, exact sums, and that no sum overflows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runners.secure_sum.fixed_point import BLOCK_VALUES, Coding, Grid

STEP = 0.25


def grid(num_summands: int = 3, max_abs: float = 2.0, step: float = STEP) -> Grid:
    return Grid(step=step, max_abs=max_abs, num_summands=num_summands)


def values(*numbers: float) -> np.ndarray:
    return np.array(numbers, dtype=np.float32)


def test_by_hand() -> None:
    # L = 2 / 0.25 = 8; 2 * 3 * 8 = 48 needs 6 bits, so entries are modulo 64
    coded = grid()
    assert (coded.levels, coded.bits, coded.word) == (8, 6, np.dtype("<u4"))
    # 0.6 / 0.25 = 2.4, -1 / 0.25 = -4 = 60, 1.1 / 0.25 = 4.4, and none was clipped
    entries = coded.encode(values(0.6, -1.0, 1.1), None)
    assert entries.tolist() == [2, 60, 4, 0]
    total, num_clipped = coded.decode(entries)
    assert (total.tolist(), num_clipped) == ([0.5, -1.0, 1.0], 0)


def test_halves_go_to_the_even_neighbour() -> None:
    # 0.125 / 0.25 = 0.5 to 0, 1.5 to 2, -0.5 to 0, -1.5 to -2 = 62
    assert grid().encode(values(0.125, 0.375, -0.125, -0.375), None).tolist() == [0, 2, 0, 62, 0]


def test_values_out_of_range_are_clipped_and_counted() -> None:
    # 2.1 / 0.25 = 8.4 is 8 and within range; 2.2 is 8.8, 9, and clipped
    given = values(2.1, 2.2, -9.0, np.inf, -np.inf, np.nan, 1.0)
    total, num_clipped = grid().decode(grid().encode(given, None))
    assert total.tolist() == [2.0, 2.0, -2.0, 2.0, -2.0, 0.0, 1.0]
    assert num_clipped == 5


def test_the_count_of_clipped_values_is_no_larger_than_a_value() -> None:
    total, num_clipped = grid().decode(grid().encode(values(*[5.0] * 20), None))
    assert num_clipped == 8
    assert total.tolist() == [2.0] * 20


def test_blocks_make_no_difference() -> None:
    given = np.linspace(-3, 3, 100_001, dtype=np.float32)
    whole = grid().encode(given, None)
    pieces = [grid().encode(given[i : i + 1000], None)[:-1] for i in range(0, len(given), 1000)]
    assert np.array_equal(whole[:-1], np.concatenate(pieces))


def test_clipped_values_of_all_blocks_are_counted() -> None:
    given = np.zeros(3 * BLOCK_VALUES, dtype=np.float32)
    given[[0, BLOCK_VALUES, BLOCK_VALUES + 1, -1]] = 3.0
    assert grid().decode(grid().encode(given, None))[1] == 4


@pytest.mark.parametrize(
    ("num_summands", "bits", "word"),
    # L = 8: 2 n L = 2^4 n, and 2^31 n needs a bit more than its logarithm
    [(1, 5, "<u4"), (2, 6, "<u4"), (15, 8, "<u4"), (16, 9, "<u4"), (2**20, 25, "<u4")],
)
def test_bits(num_summands: int, bits: int, word: str) -> None:
    assert (grid(num_summands).bits, grid(num_summands).word) == (bits, np.dtype(word))


def test_the_range_is_whole_steps() -> None:
    # 0.3 / 0.1 = 2.9999999999999996 in binary; 2.3 / 0.25 = 9.2
    assert grid(max_abs=0.3, step=0.1).levels == 3
    assert grid(max_abs=2.3).levels == 9
    assert grid(max_abs=2.0**40, step=1.0).levels == 2**40
    assert grid(max_abs=0.25).levels == 1


def test_words_grow_where_32_bits_do_not_do() -> None:
    # 2 * 2 * (2**30 - 1) < 2**32 <= 2 * 2 * 2**30
    small, large = (grid(2, max_abs=levels, step=1.0) for levels in (2.0**30 - 1, 2.0**30))
    assert (small.bits, small.word) == (32, np.dtype("<u4"))
    assert (large.bits, large.word) == (33, np.dtype("<u8"))
    largest = grid(2**20, max_abs=2.0**40, step=1.0)
    assert (largest.bits, largest.word) == (62, np.dtype("<u8"))


@settings(deadline=None)
@given(
    num_summands=st.integers(1, 40),
    levels=st.sampled_from([1, 3, 8, 1000, 2**26, 2**30, 2**40]),
    sign=st.sampled_from([-1.0, 1.0]),
)
def test_the_largest_sum_does_not_overflow(num_summands: int, levels: int, sign: float) -> None:
    coded = grid(num_summands, max_abs=float(levels), step=1.0)
    entries = coded.encode(values(np.inf * sign), None)
    total = np.zeros_like(entries)
    for _ in range(num_summands):
        total += entries
    decoded, num_clipped = coded.decode(total & total.dtype.type(2**coded.bits - 1))
    assert decoded.tolist() == [sign * levels * num_summands]
    assert num_clipped == num_summands


@settings(deadline=None)
@given(rows=st.lists(st.lists(st.integers(-(2**23), 2**23), min_size=2, max_size=2), min_size=1))
def test_whole_numbers_of_the_step_add_up_exactly(rows: list[list[int]]) -> None:
    step = 2.0**-20
    coded = grid(len(rows), max_abs=8.0, step=step)
    given = np.array(rows, dtype=np.float32) * np.float32(step)
    for rng in (None, np.random.default_rng(1)):
        total = sum(coded.encode(row, rng).astype(object) for row in given) % 2**coded.bits
        decoded, num_clipped = coded.decode(total.astype(coded.word))
        assert (decoded / step).tolist() == np.sum(rows, axis=0).tolist()
        assert num_clipped == 0


def test_stochastic_rounding_is_right_in_the_mean() -> None:
    # 0.3 / 0.25 = 1.2: up with probability 0.2; its standard deviation over 40,000 is 0.002
    given = np.full(40_000, 0.3, dtype=np.float32)
    entries = grid().encode(given, np.random.default_rng(0))[:-1]
    assert set(entries.tolist()) == {1, 2}
    assert entries.mean() == pytest.approx(1.2, abs=0.008)
    below = grid().encode(-given, np.random.default_rng(0))[:-1]
    assert set(below.tolist()) == {62, 63}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"step": 0.0}, "step must be finite and above 0"),
        ({"max_abs": -1.0}, "max_abs must be finite and above 0"),
        ({"max_abs": 0.2}, r"max_abs must be between step=0.25 .* got 0.2; try max_abs="),
        ({"max_abs": 2.0**39}, "max_abs must be between"),
        ({"rounding": "up"}, "rounding must be one of nearest, stochastic"),
    ],
)
def test_refuses_what_is_no_grid(settings: dict[str, float | str], message: str) -> None:
    good: dict = {"step": STEP, "max_abs": 2.0, "rounding": "nearest"}
    Coding(**good)
    with pytest.raises(ValueError, match=f"^{message}"):
        Coding(**(good | settings))


@pytest.mark.parametrize("num_summands", [0, 2**20 + 1])
def test_refuses_numbers_of_updates_for_which_no_word_is_sure(num_summands: int) -> None:
    with pytest.raises(ValueError, match="must have 1 to 1048576 updates"):
        grid(num_summands)
