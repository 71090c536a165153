"""Owns which part of a model each partner trains, and what of the whole it costs.

Numbers of partners and their settings come in, `SubModel` goes out. Costs are those of layers
between two hidden layers: a part with the fraction r of the units at both ends has r * r of the
weights.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from sim.learner import Part

MAX_SLICES = 64
"""Hidden layers are cut into no more slices than this to tell how wide a part is."""


@dataclass(frozen=True, kw_only=True)
class SubModel:
    """Hold a part, None for the whole model, and its fraction of the whole's bytes and FLOPs."""

    part: Part | None
    cost_fraction: float


def check_widths(widths: Sequence[float]) -> None:
    """Raise ValueError unless all are widths that can be cut, and one is the whole width."""
    for width in widths:
        if not 0 < width <= 1 or abs(_exact(width) - width) > 1e-9:
            raise ValueError(
                f"fractions must be above 0, at most 1 and whole numbers of equal slices, at most "
                f"{MAX_SLICES}, got {width}; try 0.5, 0.25 or 0.125"
            )
    if 1.0 not in widths:
        raise ValueError(
            f"fractions must have 1.0 among them, got {list(widths)}; without it nobody trains the "
            "last units of the hidden layers"
        )


def widths_by_speed(widths: Sequence[float], speeds: Sequence[float]) -> list[float]:
    """Return each partner's width: the fastest get the widest, each width goes to equally many.

    Of more widths than partners, the whole width and others spread over the rest are given away.
    """
    widest_first = sorted(widths, reverse=True)
    fastest_first = sorted(range(len(speeds)), key=lambda partner: -speeds[partner])
    given = [1.0] * len(speeds)
    for place, partner in enumerate(fastest_first):
        given[partner] = widest_first[place * len(widths) // len(speeds)]
    return given


def nested(widths: Sequence[float]) -> list[SubModel]:
    """Return the first fraction of every hidden layer for each (HeteroFL, Diao et al. 2021).

    A width r costs r² of the weights between hidden layers (their section 3). The first and the
    last layer cost r of theirs, so r² is too little for models that have hardly more than these.
    """
    exact = [_exact(width) for width in widths]
    count = math.lcm(*(one.denominator for one in exact))
    return [
        SubModel(
            part=None if one == 1 else Part(kind="width", index=int(one * count) - 1, count=count),
            cost_fraction=float(one * one),
        )
        for one in exact
    ]


def disjoint(num_parts: int, turn: int) -> list[SubModel]:
    """Return disjoint sets of hidden units, drawn anew at each turn (Yuan et al. 2022).

    The numbers of the parts go on from turn to turn, so that a learner knows which draw is meant.
    Each costs 1/n: that is what every weight next to the inputs or the outputs is divided into, and
    counts weights between hidden layers, of which a part has 1/n², too high.
    """
    if num_parts == 1:
        return [SubModel(part=None, cost_fraction=1.0)]
    return [
        SubModel(
            part=Part(kind="independent", index=turn * num_parts + number, count=num_parts),
            cost_fraction=1 / num_parts,
        )
        for number in range(num_parts)
    ]


def _exact(width: float) -> Fraction:
    return Fraction(width).limit_denominator(MAX_SLICES)
