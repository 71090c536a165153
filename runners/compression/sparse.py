"""Owns what options that send some of an update's numbers have in common."""

from math import floor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def num_kept(fraction: float, count: int) -> int:
    """Return how many of `count` numbers are sent: the nearest to the fraction, and at least 1."""
    return max(1, floor(fraction * count + 0.5))


def check_fraction(fraction: float) -> None:
    """Raise ValueError unless a fraction of an update's numbers can be sent."""
    if not 0 < fraction <= 1:
        raise ValueError(
            f"fraction must be above 0 and at most 1, got {fraction}; "
            "try the part of an update's numbers that is sent, such as 0.01"
        )


def scattered(values: "torch.Tensor", indices: "torch.Tensor", count: int) -> "torch.Tensor":
    """Return rows of `count` numbers with values (num_rows, k) at their indices, and zeros."""
    return values.new_zeros(len(values), count).scatter_(1, indices, values)
