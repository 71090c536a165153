"""Owns when updates of partners in flight are expected at the proxy: each comes when its partner
takes as long as it was seen to (`sim.forecast`).

For modes that merge as soon as enough updates are there. Seconds are virtual.
"""

import heapq
import math
from typing import NamedTuple

import numpy as np

from sim.decision import Decision
from sim.forecast import expected_sim_s
from sim.view import View


class _Flight(NamedTuple):
    since_sim_s: float
    num_steps: int


class Arrivals:
    """Remember when partners left, and expect them back."""

    def __init__(self) -> None:
        self._flights: dict[int, _Flight] = {}

    def leave(self, view: View, decision: Decision) -> None:
        """Take in that partners leave now, for as many steps as is decided."""
        for partner in decision.partners:
            num_steps = decision.num_steps.get(partner, int(view.num_steps[partner]))
            self._flights[partner] = _Flight(view.now_sim_s, num_steps)

    def next_sim_s(self, view: View, decision: Decision, num_missing: int) -> float:
        """Return in how many seconds `num_missing` updates will have come of those in flight, those
        who leave now, and who takes their places; NaN where none of them has been seen before.

        Who is late is expected now; who has not been seen, and who takes a place, is taken to be
        away as long as the others are in the median.
        """
        flying = view.partners.in_flight
        partners = [one for one in self._flights if flying[one] or one in decision.partners]
        num_steps = view.num_steps.copy()
        for one in partners:
            num_steps[one] = self._flights[one].num_steps
        away_sim_s = expected_sim_s(view, num_steps)[partners]
        if np.isnan(away_sim_s).all():
            return math.nan
        usual_sim_s = float(np.nanmedian(away_sim_s))
        left_sim_s = [self._flights[one].since_sim_s - view.now_sim_s for one in partners]
        due_sim_s = left_sim_s + np.where(np.isnan(away_sim_s), usual_sim_s, away_sim_s)
        return _nth(np.maximum(due_sim_s, 0.0).tolist(), usual_sim_s, num_missing)


def _nth(due_sim_s: list[float], usual_sim_s: float, number: int) -> float:
    """Return when the number-th comes, where each that comes is followed by another one."""
    heapq.heapify(due_sim_s)
    for _ in range(number - 1):
        heapq.heapreplace(due_sim_s, due_sim_s[0] + usual_sim_s)
    return due_sim_s[0]
