"""Owns Shamir's sharing of secrets (1979): any `threshold` of the shares give a secret, and fewer
tell nothing of it.

A secret is the value at 0 of a random polynomial of degree threshold − 1 modulo PRIME, and a share
its value at a holder's place x, from 1. Numbers are below 2**256, so secrets and shares of 32
bytes.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from runners.secure_sum.randomness import Randomness

PRIME = 2**256 - 189  # the largest prime below 2**256
NUM_BYTES = 32


def random_element(randomness: Randomness) -> int:
    """Return a number modulo PRIME; its distance from uniform is below 2**-247."""
    return int.from_bytes(randomness.bytes(NUM_BYTES), "little") % PRIME


def split(secret: int, places: Sequence[int], threshold: int, randomness: Randomness) -> list[int]:
    """Return the share of each place."""
    coefficients = [random_element(randomness) for _ in range(threshold - 1)]
    return [_value([*coefficients, secret], place) for place in places]


def combine(shares: Mapping[int, int], threshold: int) -> int:
    """Return the secret of which `shares` are by place; uses the first `threshold` of them."""
    places = tuple(sorted(shares)[:threshold])
    if len(places) < threshold:
        raise ValueError(f"a secret needs {threshold} shares, got {len(places)}")
    pairs = zip(weights_at_zero(places), places, strict=True)
    return sum(weight * shares[place] for weight, place in pairs) % PRIME


@lru_cache(maxsize=64)
def weights_at_zero(places: tuple[int, ...]) -> tuple[int, ...]:
    """Return Lagrange's weights: λ_i = Π_{j≠i} x_j / (x_j − x_i)."""
    weights = []
    for place in places:
        numerator = denominator = 1
        for other in places:
            if other != place:
                numerator = numerator * other % PRIME
                denominator = denominator * (other - place) % PRIME
        weights.append(numerator * pow(denominator, -1, PRIME) % PRIME)
    return tuple(weights)


def _value(coefficients: Sequence[int], place: int) -> int:
    """Return the polynomial's value by Horner's rule; the highest power's coefficient is first."""
    value = 0
    for coefficient in coefficients:
        value = (value * place + coefficient) % PRIME
    return value
