"""Owns whole numbers with the discrete Gaussian's distribution, P(k) ∝ exp(−k² / 2σ²) (Canonne,
Kamath and Steinke 2020).

Drawn from integers alone, by inversion: a word of 64 uniform bits is looked up among the cumulative
probabilities, which are integers of 128 bits; a second word decides where the first one ties. Any
number of draws is within 2^−100 of the distribution for each number drawn.

`gap` bounds how far a sum of such numbers is from one such number (Kairouz, Liu and Steinke 2021).
"""

import math
from dataclasses import dataclass
from decimal import Decimal, localcontext
from functools import lru_cache
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from runners.noise import Words

LARGEST_STD = 2.0**16  # the table has about 26 entries for each
ONE = 2**128
FRACTION_BITS = 208
DECIMAL_DIGITS = 80


@dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """Hold the cumulative probabilities of −num_steps to num_steps − 1 in units of 2^−128, the
    upper and the lower 64 bits, of shape (2 num_steps,).
    """

    num_steps: int
    high: NDArray[np.uint64]
    low: NDArray[np.uint64]


def discrete_gaussian(words: Words, size: int, std: float) -> NDArray[np.int64]:
    """Return numbers of shape (size,); `std` is σ, above 0 and at most `LARGEST_STD`."""
    table = _table(std)
    drawn = words(size)
    order = np.argsort(drawn)  # a table is searched several times as fast in its order
    numbers = np.empty(size, dtype=np.int64)
    numbers[order] = np.searchsorted(table.high, drawn[order], side="left")
    last = len(table.high) - 1
    for tie in np.flatnonzero(table.high[np.minimum(numbers, last)] == drawn):
        numbers[tie] += _num_below(table, drawn[tie], numbers[tie], words(1)[0])
    return numbers - table.num_steps


def gap(num_summands: int, std: float) -> float:
    """Return τ = 10 Σ_{k=1}^{n−1} exp(−2π² σ² k/(k+1)), for which a sum of n discrete Gaussians of
    d numbers adds τ d to the Rényi divergence (proposition 13 and theorem 1; σ at least 1/2).
    """
    each = (math.exp(-2 * math.pi**2 * std**2 * k / (k + 1)) for k in range(1, num_summands))
    return 10 * math.fsum(each)


def _num_below(table: Table, high: np.uint64, first: int, low: np.uint64) -> int:
    """Return how many of the probabilities with these upper bits are not above the lower ones."""
    stop = int(np.searchsorted(table.high, high, side="right"))
    return int(np.searchsorted(table.low[first:stop], low, side="right"))


@lru_cache(maxsize=16)  # one for each number of partners in a merge
def _table(std: float) -> Table:
    """Sum up P(X ≤ k) for k < 0 from the far end; for others it is 1 − P(X ≤ −k − 1)."""
    terms = _terms(std)
    scale = (ONE << 2 * FRACTION_BITS) // (terms[0] + 2 * sum(terms[1:]))
    cumulated = (total * scale >> 2 * FRACTION_BITS for total in accumulate(reversed(terms[1:])))
    below = [probability for probability in cumulated if probability > 0]
    above = (ONE - probability for probability in reversed(below))
    entries = b"".join(number.to_bytes(16, "big") for number in (*below, *above))
    pairs = np.frombuffer(entries, dtype=">u8").reshape(-1, 2).astype(np.uint64)
    high, low = (np.ascontiguousarray(column) for column in pairs.T)
    return Table(num_steps=len(below), high=high, low=low)


def _terms(std: float) -> list[int]:
    """Return exp(−k² / 2σ²) for k from 0 to 14 σ, in units of 2^−208: each is the one before times
    exp(−(2k − 1) / 2σ²).
    """
    with localcontext() as context:
        context.prec = DECIMAL_DIGITS
        root = (Decimal(-1) / (2 * Decimal(std) ** 2)).exp()
        ratio = int(root * 2**FRACTION_BITS)
        growth = int(root * root * 2**FRACTION_BITS)
    terms = [2**FRACTION_BITS]
    for _ in range(math.ceil(14 * std)):
        terms.append(terms[-1] * ratio >> FRACTION_BITS)
        ratio = ratio * growth >> FRACTION_BITS
    return terms
