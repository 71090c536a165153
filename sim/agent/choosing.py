"""Owns what agents have in common that choose a number of partners: how many, and those with the
highest scores, ties going to the lower number so that every machine decides alike.
"""

import numpy as np
import numpy.typing as npt

from sim.bounds import at_least
from sim.view import Floats, View, Whole

Numbers = npt.NDArray[np.intp] | Whole
"""Partners' numbers."""


def check_number(num_participants: int) -> None:
    """Raise ValueError unless somebody is chosen."""
    at_least("num_participants", num_participants, 1, remedy="try agent.num_participants=10")


def check_consortium(
    wanted: int | None, num_partners: int, setting: str = "num_participants"
) -> None:
    """Raise ValueError when an agent's setting wants more than there are partners; None wants as
    many as there are.
    """
    if wanted is not None and wanted > num_partners:
        raise ValueError(
            f"agent.{setting} must be at most the {num_partners} partners, got {wanted}; "
            f"try agent.{setting}={num_partners}"
        )


def available_in(view: View) -> Whole:
    """Return who can be chosen."""
    return np.array(view.available, dtype=np.int64)


def wanted_in(view: View, num_participants: int) -> int:
    """Return how many to choose: what the mode needs or else the agent's own number, and all that
    are available where these are fewer.
    """
    return min(view.num_wanted or num_participants, len(view.available))


def best(partners: Numbers, scores: Floats, number: int) -> Whole:
    """Return the `number` of `partners` with the highest scores, which are in the same order; NaN
    comes last.
    """
    order = np.argsort(-scores, kind="stable")
    chosen: Whole = partners[order[:number]]
    return chosen


def rising(partners: Numbers) -> tuple[int, ...]:
    """Return partners as a decision has them."""
    return tuple(sorted(partners.tolist()))


def drawn(rng: np.random.Generator, partners: Numbers, weights: Floats, number: int) -> Numbers:
    """Draw a number of partners one after the other by their weights, which are above 0, without
    replacement; all where there are fewer.

    Who has the smallest of exponential variables of rates `weights` is drawn first (Efraimidis &
    Spirakis 2006).
    """
    return best(partners, -rng.exponential(size=len(partners)) / weights, max(0, number))
