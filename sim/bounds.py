"""Owns the range checks that settings share; every message names the setting, the value and a
remedy.

The name is relative to the dataclass that checks itself; `runners.options` puts the config path in
front.
"""

import math


def positive(name: str, value: float, *, remedy: str) -> None:
    """Raise ValueError unless `value` is a finite number above zero."""
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"{name} must be finite and above 0, got {value}; {remedy}")


def not_negative(name: str, value: float, *, remedy: str) -> None:
    """Raise ValueError unless `value` is a finite number of at least zero."""
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"{name} must be finite and at least 0, got {value}; {remedy}")


def at_least(name: str, value: int, low: int, *, remedy: str) -> None:
    """Raise ValueError unless `value` is at least `low`."""
    if value < low:
        raise ValueError(f"{name} must be at least {low}, got {value}; {remedy}")


def one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    """Raise ValueError unless `value` is one of the `allowed` words."""
    if value not in allowed:
        raise ValueError(
            f"{name} must be one of {', '.join(allowed)}, got {value!r}; try {name}={allowed[0]}"
        )
