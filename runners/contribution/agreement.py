"""Owns how far estimates of contributions are from a reference: size of the error, and order."""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Hold the mean absolute error, in the unit of the values; the same ÷ the mean absolute
    reference; and Spearman's rank correlation, None where all partners of one side are equal.
    """

    mean_error: float
    relative_error: float | None
    rank_correlation: float | None


def agreement(estimates: Sequence[float], reference: Sequence[float]) -> Agreement:
    """Return how estimates agree with the reference."""
    errors = [abs(one - other) for one, other in zip(estimates, reference, strict=True)]
    mean_error, size = sum(errors) / len(errors), sum(map(abs, reference)) / len(reference)
    return Agreement(
        mean_error=mean_error,
        relative_error=mean_error / size if size else None,
        rank_correlation=_rank_correlation(estimates, reference),
    )


def _rank_correlation(one: Sequence[float], other: Sequence[float]) -> float | None:
    """Return the correlation of ranks; equal values share their mean rank (Spearman 1904)."""
    from scipy.stats import rankdata

    first, second = (rankdata(values) - (len(values) + 1) / 2 for values in (one, other))
    size = math.sqrt(float(first @ first) * float(second @ second))
    return float(first @ second) / size if size else None
