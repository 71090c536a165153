"""Owns how a sum of money is divided among partners: to the cent, nothing lost to rounding.

Shares are rounded down to cents; the cents that are left go one each to the largest remainders
(Hamilton's method), of equal ones to the partner that comes first.
"""

from collections.abc import Sequence
from fractions import Fraction

CENTS_PER_USD = 100


def whole_cents(sum_usd: float) -> int:
    """Return a sum in cents; raises ValueError where it is none of at least one cent."""
    cents = round(sum_usd * CENTS_PER_USD) if abs(sum_usd) < 1e12 else 0
    if cents < 1 or abs(cents - sum_usd * CENTS_PER_USD) > 1e-6:
        raise ValueError(
            f"sum_usd must be above 0, below 1e12 and of whole cents, got {sum_usd}; "
            "try contribution.sum_usd=1000"
        )
    return cents


def divide(cents: int, weights: Sequence[float]) -> list[int] | None:
    """Return cents in proportion to weights, in exact arithmetic; what has a negative weight gets
    nothing. None where no weight is above 0, as there is nobody to pay.
    """
    exact = [max(Fraction(0), Fraction(weight)) for weight in weights]
    total = sum(exact)
    if not total:
        return None
    shares = [cents * weight / total for weight in exact]
    paid = [int(share) for share in shares]
    by_remainder = sorted(range(len(paid)), key=lambda one: paid[one] - shares[one])
    for one in by_remainder[: cents - sum(paid)]:
        paid[one] += 1
    return paid


def payouts(
    cents: int, num_samples: Sequence[int], contributions: Sequence[float]
) -> dict[str, list[int] | None]:
    """Return what each rule pays each partner, in cents: all the same, by the samples held, by
    contribution.
    """
    return {
        "equal": divide(cents, [1] * len(num_samples)),
        "by_data": divide(cents, num_samples),
        "by_contribution": divide(cents, contributions),
    }
