"""Agent `oracle`: sees what nobody could know; an upper bound for choosing whom to send, and no
agent.

It knows how long everyone will take and until when (`sim.foresight`), and the labels of everyone's
data. Who would go down before the end is left out, unless all would. Of several cohorts it sends
the one that is worth most per second of its slowest partner (`sim.cohort_worth`).

It looks one round ahead, does not see the model, and can't wait for who is not there: it is not the
best that could be.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from sim.agent.choosing import available_in, check_consortium, check_number, rising, wanted_in
from sim.cohort_worth import Taught
from sim.decision import Decision
from sim.foresight import Foresight
from sim.view import Floats, View, Whole

if TYPE_CHECKING:
    from sim.world import World

MAX_POOLS = 16
"""Cohorts that are compared in a decision: the best of so many of the fastest, 1 to all."""


@dataclass(frozen=True, kw_only=True)
class Oracle:
    """Choose at most `num_participants` partners that are in truth the most worth their time."""

    actions: ClassVar[frozenset[str]] = frozenset()
    needs_losses: ClassVar[bool] = False

    num_participants: int

    def __post_init__(self) -> None:
        check_number(self.num_participants)

    def check(self, num_partners: int) -> None:
        """Raise ValueError when more participants are wanted than there are partners."""
        check_consortium(self.num_participants, num_partners)

    def decider(self, num_partners: int, rng: np.random.Generator) -> "OracleDecider":
        """Return who decides in one run."""
        return OracleDecider(self.num_participants)


class OracleDecider:
    """Look at the world, and remember what was taught of late."""

    def __init__(self, num_participants: int) -> None:
        self._num_participants = num_participants
        self._foresight: Foresight | None = None
        self._taught: Taught | None = None

    def behold(self, world: "World") -> None:
        """Keep what nobody could know."""
        counts = world.workload.label_counts
        if counts is None:
            counts = np.ones((len(world.members), 1))
        self._foresight = Foresight(world)
        self._taught = Taught(counts, world.workload.batch_size)

    def decide(self, view: View) -> Decision:
        """Return the cohort of the largest worth per second."""
        foresight, taught = self._foresight, self._taught
        assert foresight is not None, "the world is shown first"
        assert taught is not None, "the world is shown first"
        partners, took_sim_s = _fastest_first(foresight, view, self._num_participants)
        number = min(wanted_in(view, self._num_participants), len(partners))
        works = taught.works(view, partners)
        best_rate, best = -1.0, None
        for pool in _pool_sizes(len(partners), number if view.num_wanted else 1):
            cohort = taught.cohort(works, pool, number)
            rate = cohort.worth / max(took_sim_s[cohort.chosen].max(), 1e-12)
            if rate > best_rate:
                best_rate, best = rate, cohort
        assert best is not None, "somebody is available"
        taught.add(works, best)
        return Decision(partners=rising(partners[best.chosen]))


def _fastest_first(foresight: Foresight, view: View, num_participants: int) -> tuple[Whole, Floats]:
    """Return who could be sent and their seconds, in rising order of these: who is done before
    going down, or all available where these are not as many as the mode needs.
    """
    partners = available_in(view)
    took_sim_s = foresight.took_sim_s(view, partners)
    until_sim_s = foresight.up_until_sim_s(view.now_sim_s)[partners]
    is_done = view.now_sim_s + took_sim_s < until_sim_s
    if is_done.sum() >= (view.num_wanted or 1):
        partners, took_sim_s = partners[is_done], took_sim_s[is_done]
    order = np.argsort(took_sim_s, kind="stable")
    return partners[order], took_sim_s[order]


def _pool_sizes(num_partners: int, least: int) -> list[int]:
    """Return how many of the fastest cohorts are chosen from, each some part larger than the one
    before.
    """
    sizes = np.geomspace(least, num_partners, MAX_POOLS).round().astype(np.int64)
    found: list[int] = np.unique(sizes).tolist()
    return found
