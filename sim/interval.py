"""Owns the interval that 9 of 10 outcomes lie in, as parts of what was forecast: adaptive conformal
inference (Gibbs & Candès 2021).

Ratios of outcomes to their forecasts come in one after the other. Of n that come in any order, the
next is below the k-th smallest with probability k / (n + 1) (Vovk et al. 2005), so an interval that
misses a part α goes from the α/2 (n + 1)-th to the (1 − α/2) (n + 1)-th. As ratios drift, α is not
a tenth: it moves by γ (0.1 − miss), miss being 1 for each ratio outside and 0 for each inside. In
the paper an α below 0 is the whole line; here the interval ends at the smallest and at the largest
of the ratios, and α at 0.
"""

import math
from collections import deque

MISSED_FRACTION = 0.1
"""Part of the outcomes that are to be outside, half of them on each side."""
NUM_REMEMBERED = 100
LEAST_REMEMBERED = math.ceil(2 / MISSED_FRACTION) - 1
"""With fewer, not even the smallest and the largest are far enough apart."""
GAIN = 0.02
"""γ: a miss moves α by 0.9 γ, a hit by 0.1 γ the other way."""
ROUNDING = 1e-6
"""Part by which the interval is wider, so that outcomes that don't vary are inside."""


class AdaptiveInterval:
    """Keep the last ratios, and the part that is to be missed."""

    def __init__(self) -> None:
        self._ratios: deque[float] = deque(maxlen=NUM_REMEMBERED)
        self._missed_fraction = MISSED_FRACTION

    def ends(self) -> tuple[float, float]:
        """Return both ends as ratios to a forecast; NaN where too few are known."""
        if len(self._ratios) < LEAST_REMEMBERED:
            return math.nan, math.nan
        ratios, tail = sorted(self._ratios), self._missed_fraction / 2
        low, high = (_smallest(ratios, (len(ratios) + 1) * part) for part in (tail, 1 - tail))
        return low * (1 - ROUNDING), high * (1 + ROUNDING)

    def learn(self, ratio: float) -> None:
        """Take in what has become of a forecast."""
        low, high = self.ends()
        if not math.isnan(low):
            is_missed = not low <= ratio <= high
            moved = self._missed_fraction + GAIN * (MISSED_FRACTION - is_missed)
            self._missed_fraction = min(1.0, max(0.0, moved))
        self._ratios.append(ratio)


def _smallest(rising: list[float], number: float) -> float:
    """Return the number-th smallest, from 1 on; between two of them in proportion."""
    number = min(max(number, 1.0), len(rising))
    below = math.floor(number)
    start, end = rising[below - 1], rising[min(below, len(rising) - 1)]
    return start + (number - below) * (end - start)
