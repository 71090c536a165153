"""Owns what a run's record says was spent of privacy. No tensor library."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Accounted:
    """Hold what a run's accountant says was spent; `unit` is whose data that is about."""

    epsilon: float
    delta: float
    unit: str


def accounted_epsilon(record: Mapping[str, Any]) -> Accounted | None:
    """Return the (ε, δ) of a record's guarantees, the smallest ε where there are several; None
    where it states none.
    """
    guarantees = (record.get("privacy") or {}).get("guarantees") or []
    stated = [one for one in guarantees if one.get("epsilon") is not None]
    finite = [one for one in stated if math.isfinite(one["epsilon"])]
    if not finite:
        return None
    best = min(finite, key=lambda one: float(one["epsilon"]))
    return Accounted(epsilon=best["epsilon"], delta=best["delta"] or 0.0, unit=best["unit"])
