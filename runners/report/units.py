"""Owns how numbers are written for people: the only place where values are scaled and rounded.

In: seconds, bytes, samples per second and fractions as they were stored. Out: text with its unit.
"""

import math
from dataclasses import dataclass

DASH = "–"
MINUS = "−"


@dataclass(frozen=True, kw_only=True)
class Scale:
    """A unit for display: `divisor` stored units make one `suffix`.

    Numbers keep three significant digits, or `num_decimals` where it is given.
    """

    divisor: float
    suffix: str
    num_decimals: int | None = None


_SCALES: dict[str, tuple[Scale, ...]] = {
    "seconds": (
        Scale(divisor=1e-6, suffix="µs"),
        Scale(divisor=1e-3, suffix="ms"),
        Scale(divisor=1, suffix="s"),
        Scale(divisor=60, suffix="min"),
        Scale(divisor=3600, suffix="h"),
        Scale(divisor=86400, suffix="d"),
    ),
    "bytes": (
        Scale(divisor=1, suffix="B", num_decimals=0),
        Scale(divisor=1e3, suffix="kB"),
        Scale(divisor=1e6, suffix="MB"),
        Scale(divisor=1e9, suffix="GB"),
        Scale(divisor=1e12, suffix="TB"),
    ),
    "samples_per_s": (
        Scale(divisor=1, suffix="/s"),
        Scale(divisor=1e3, suffix="k/s"),
        Scale(divisor=1e6, suffix="M/s"),
    ),
    "usd": (
        Scale(divisor=0.01, suffix="¢"),  # m$ could be a thousandth or a million
        Scale(divisor=1, suffix="USD"),
    ),
    "joules": (
        Scale(divisor=1, suffix="J"),
        Scale(divisor=1e3, suffix="kJ"),
        Scale(divisor=1e6, suffix="MJ"),
        Scale(divisor=1e9, suffix="GJ"),
    ),
    "fraction": (Scale(divisor=0.01, suffix="%", num_decimals=1),),
    "score": (Scale(divisor=1, suffix="", num_decimals=3),),
    "count": (Scale(divisor=1, suffix="", num_decimals=1),),
}
_SMALLEST_TO_STEP_UP = 2.0
"""Minutes are used from 2 on: 90 s reads better than 1.5 min. Powers of 1,000 step up at 1."""


def pick_scale(value: float, unit: str) -> Scale:
    """Return the largest scale in which `value` is still at least 1 (2 for min, h and d)."""
    scales = _SCALES[unit]
    chosen = scales[0]
    if value == 0:
        return next((scale for scale in scales if scale.divisor == 1), chosen)
    for scale in scales[1:]:
        smallest = _SMALLEST_TO_STEP_UP if scale.divisor in (60, 3600, 86400) else 1.0
        if abs(float(f"{value:.3g}")) >= smallest * scale.divisor:
            chosen = scale
    return chosen


def format_value(value: float, unit: str) -> str:
    """Return `value` with three significant digits, and its unit."""
    scale = pick_scale(value, unit)
    scaled = value / scale.divisor
    return _join(_digits(scaled, _num_decimals(scaled, scale)), scale)


def format_estimate(mean: float, half_width: float | None, unit: str) -> str:
    """Return `mean ± half_width` in one unit; without `±` when there is no interval."""
    if half_width is None:
        return format_value(mean, unit)
    scale = pick_scale(mean, unit)
    scaled, half = mean / scale.divisor, half_width / scale.divisor
    num_decimals = _num_decimals(scaled, scale)
    return _join(f"{_digits(scaled, num_decimals)} ± {_half(half, num_decimals)}", scale)


def format_differences(values: tuple[float, ...], unit: str) -> list[str]:
    """Return `values` with their signs, all in the unit that `difference_unit` names."""
    scale = _common_scale(values, unit)
    scaled = [value / scale.divisor for value in values]
    num_decimals = _num_decimals(max(scaled, key=abs), scale)
    return [_signed(value, num_decimals) for value in scaled]


def difference_unit(values: tuple[float, ...], unit: str) -> str:
    """Name the unit of `format_differences`; a point is a percent of the whole."""
    return "points" if unit == "fraction" else _common_scale(values, unit).suffix


def _common_scale(values: tuple[float, ...], unit: str) -> Scale:
    return pick_scale(max(values, key=abs), unit)


def format_ratio(value: float) -> str:
    """Return a ratio with three significant digits, as in `2.41×`."""
    return f"{_digits(value, _num_decimals(value, None))}×"


def format_p_value(p_value: float | None) -> str:
    """Return a p-value with three decimals; below that, that it is smaller."""
    if p_value is None:
        return DASH
    return "< 0.001" if p_value < 0.001 else f"{p_value:.3f}"


def _join(text: str, scale: Scale) -> str:
    return f"{text} {scale.suffix}" if scale.suffix else text


def _num_decimals(scaled: float, scale: Scale | None) -> int:
    if scale is not None and scale.num_decimals is not None:
        return scale.num_decimals
    if scaled == 0:
        return 0
    return max(0, 2 - math.floor(math.log10(abs(float(f"{scaled:.3g}")))))


def _digits(scaled: float, num_decimals: int) -> str:
    return f"{scaled:,.{num_decimals}f}".replace("-", MINUS)


def _half(half: float, num_decimals: int) -> str:
    smallest = 10.0**-num_decimals
    if half == 0:
        return "0"
    return f"<{smallest:.{num_decimals}f}" if half < smallest / 2 else _digits(half, num_decimals)


def _signed(scaled: float, num_decimals: int) -> str:
    if float(f"{scaled:.{num_decimals}f}") == 0:
        return _digits(0.0, num_decimals)
    return f"{'+' if scaled > 0 else ''}{_digits(scaled, num_decimals)}"
