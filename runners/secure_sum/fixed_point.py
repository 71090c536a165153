"""Owns how updates become whole numbers modulo 2**bits, and their sum becomes an update again.

A value x becomes round(x / step), an integer from −L to L with L = max_abs / step. A sum of n such
is from −n L to n L, and 2**bits is more than 2 n L: no sum overflows. Beside the values each vector
has one entry more, the number of its values that were clipped, so that this too is only known in
sum.
"""

from dataclasses import dataclass
from math import floor, isclose

import numpy as np
from numpy.typing import NDArray

from sim.bounds import one_of, positive

Words = NDArray[np.unsignedinteger]

ROUNDINGS = ("nearest", "stochastic")
NUM_EXTRA_ENTRIES = 1
MAX_LEVELS = 2**40  # with a million summands 61 bits, so that words of 64 bits hold every sum
MAX_SUMMANDS = 2**20
BLOCK_VALUES = 2**15  # encoded at a time, in a core's cache


def check_range(step: float, max_abs: float) -> None:
    """Raise ValueError where settings are no grid."""
    positive("step", step, remedy="2**-20 is 9.5367431640625e-07")
    positive("max_abs", max_abs, remedy="try 8.0")
    if not step <= max_abs <= step * MAX_LEVELS:
        raise ValueError(
            f"max_abs must be between step={step} and 2**40 steps, got {max_abs}; "
            f"try max_abs={step * 2**23}"
        )


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Round values to multiples of `step`, from −max_abs to max_abs, and add up at most
    `num_summands` of them.
    """

    step: float
    max_abs: float
    num_summands: int

    def __post_init__(self) -> None:
        check_range(self.step, self.max_abs)
        if not 1 <= self.num_summands <= MAX_SUMMANDS:
            raise ValueError(
                f"a secure sum must have 1 to {MAX_SUMMANDS} updates, got {self.num_summands}"
            )

    @property
    def levels(self) -> int:
        """L, the largest number of steps; 0.3 / 0.1, a little below 3 in binary, is 3."""
        steps = self.max_abs / self.step
        return round(steps) if isclose(steps, round(steps), rel_tol=1e-15) else floor(steps)

    @property
    def bits(self) -> int:
        """Bits of an entry: the least with 2**bits of at least 2 n L + 1."""
        return (2 * self.num_summands * self.levels).bit_length()

    @property
    def word(self) -> np.dtype[np.unsignedinteger]:
        """The machine word that holds an entry; it wraps modulo a multiple of 2**bits."""
        return np.dtype("<u4" if self.bits <= 32 else "<u8")

    def encode(self, values: NDArray[np.float32], rng: np.random.Generator | None) -> Words:
        """Return the entries of values (size,), and behind them how many were clipped, L at most.

        Rounds to the nearest, and with `rng` up or down at random such that the mean is right. NaN
        counts as clipped and becomes 0.
        """
        entries = np.empty(len(values) + NUM_EXTRA_ENTRIES, dtype=self.word)
        signed = entries.view(f"<i{entries.itemsize}")  # negative numbers wrap
        num_clipped = 0
        for start in range(0, len(values), BLOCK_VALUES):
            steps, clipped = self._steps(values[start : start + BLOCK_VALUES], rng)
            signed[start : start + len(steps)] = steps
            num_clipped += clipped
        signed[-1] = min(num_clipped, self.levels)
        return reduced(entries, self.bits)

    def decode(self, total: Words) -> tuple[NDArray[np.float64], int]:
        """Return the sum that entries (size + 1,) stand for, and the number of clipped values."""
        spare = 8 * total.itemsize - self.bits
        signed = (total << total.dtype.type(spare)).view(f"<i{total.itemsize}") >> spare
        return signed[:-1] * np.float64(self.step), int(signed[-1])

    def _steps(
        self, values: NDArray[np.float32], rng: np.random.Generator | None
    ) -> tuple[NDArray[np.float64], int]:
        """Return values as whole numbers from −L to L, and how many were clipped."""
        steps = values / np.float64(self.step)
        if rng is None:
            np.rint(steps, out=steps)
        else:
            steps += rng.random(len(steps), dtype=np.float32)
            np.floor(steps, out=steps)
        num_clipped = len(steps) - int(np.count_nonzero(np.abs(steps) <= self.levels))
        if num_clipped:
            np.clip(np.nan_to_num(steps, copy=False), -self.levels, self.levels, out=steps)
        return steps, num_clipped


@dataclass(frozen=True, kw_only=True)
class Coding:
    """Say how values are coded, whatever their number."""

    step: float
    max_abs: float
    rounding: str

    def __post_init__(self) -> None:
        check_range(self.step, self.max_abs)
        one_of("rounding", self.rounding, ROUNDINGS)

    def grid(self, num_summands: int) -> Grid:
        """Return the grid of a sum of so many."""
        return Grid(step=self.step, max_abs=self.max_abs, num_summands=num_summands)


def reduced(entries: Words, bits: int) -> Words:
    """Return the entries modulo 2**bits, in place."""
    entries &= entries.dtype.type(2**bits - 1)
    return entries
