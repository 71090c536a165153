"""Agent `tifl`: tiers of like speed, of which one takes part in a round (TiFL, Chai et al. 2020).

Everyone is tried once first. Then the partners that are there are cut, by the seconds that they are
expected to take, into `num_tiers` of as equal a size as can be; a tier is drawn, and those who take
part are drawn within it. Every `interval_rounds` decisions the tiers' probabilities are set anew:
the paper favours tiers with low accuracy, which a proxy can't see by tier; here it is those with a
high mean loss, weighted by rank as in the paper. Each draw costs a tier one of its `num_credits`;
when all of them have none left, all get theirs again. Where losses are hidden, tiers are equally
likely. A tier that is too small is filled up from the faster ones, then from the slower ones.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sim.agent.choosing import (
    Numbers,
    available_in,
    check_consortium,
    check_number,
    drawn,
    rising,
    wanted_in,
)
from sim.bounds import at_least
from sim.decision import Decision
from sim.forecast import expected_sim_s
from sim.view import Floats, View


@dataclass(frozen=True, kw_only=True)
class Tifl:
    """Choose `num_participants` of one tier; settings as in the module's docstring."""

    actions: ClassVar[frozenset[str]] = frozenset()
    needs_losses: ClassVar[bool] = True

    num_participants: int
    num_tiers: int
    num_credits: int
    interval_rounds: int

    def __post_init__(self) -> None:
        check_number(self.num_participants)
        at_least("num_tiers", self.num_tiers, 1, remedy="the paper's is 5")
        at_least("num_credits", self.num_credits, 1, remedy="try agent.num_credits=20")
        at_least("interval_rounds", self.interval_rounds, 1, remedy="try agent.interval_rounds=20")

    def check(self, num_partners: int) -> None:
        """Raise ValueError when more is wanted than there are partners."""
        check_consortium(self.num_participants, num_partners)
        check_consortium(self.num_tiers, num_partners, "num_tiers")

    def decider(self, num_partners: int, rng: np.random.Generator) -> "TiflDecider":
        """Return who decides in one run."""
        return TiflDecider(self, rng)


class TiflDecider:
    """Keep the tiers' probabilities and credits."""

    def __init__(self, agent: Tifl, rng: np.random.Generator) -> None:
        self._agent = agent
        self._rng = rng
        self._weights: Floats = np.ones(agent.num_tiers)
        self._credits = np.full(agent.num_tiers, agent.num_credits)
        self._num_decisions = 0

    def decide(self, view: View) -> Decision:
        """Return partners that have not been tried, or of one tier."""
        available = available_in(view)
        number = wanted_in(view, self._agent.num_participants)
        new = available[view.partners.num_chosen[available] == 0]
        if len(new):
            others = np.setdiff1d(available, new)
            some = drawn(self._rng, new, np.ones(len(new)), number)
            rest = drawn(self._rng, others, np.ones(len(others)), number - len(some))
            return Decision(partners=rising(np.concatenate([some, rest])))
        tiers = self._tiers(view)
        if self._num_decisions % self._agent.interval_rounds == 0:
            self._weights = _rank_weights(view, tiers)
        self._num_decisions += 1
        return Decision(partners=rising(self._draw(tiers, number)))

    def _tiers(self, view: View) -> list[Numbers]:
        """Return the partners that are there, the fastest tier first; who has come to nothing is in
        the last.
        """
        available = available_in(view)
        order = np.argsort(expected_sim_s(view)[available], kind="stable")
        return list(np.array_split(available[order], self._agent.num_tiers))

    def _draw(self, tiers: list[Numbers], number: int) -> Numbers:
        """Draw a tier that has credits, and partners of it."""
        if not (self._credits > 0).any():
            self._credits[:] = self._agent.num_credits
        weights = self._weights * (self._credits > 0)
        tier = int(self._rng.choice(len(tiers), p=weights / weights.sum()))
        self._credits[tier] -= 1
        chosen: Numbers = np.empty(0, dtype=np.int64)
        for members in [tiers[tier], *reversed(tiers[:tier]), *tiers[tier + 1 :]]:
            some = drawn(self._rng, members, np.ones(len(members)), number - len(chosen))
            chosen = np.concatenate([chosen, some])
        return chosen


def _rank_weights(view: View, tiers: list[Numbers]) -> Floats:
    """Return 1 for the tier with the lowest mean loss, 2 for the next, and so on; 1 for all where
    the loss of some tier is not known.
    """
    losses = np.array([_mean(view.partners.train_loss[members]) for members in tiers])
    if np.isnan(losses).any():
        return np.ones(len(tiers))
    ranks = np.argsort(np.argsort(losses, kind="stable"), kind="stable")
    return ranks.astype(np.float64) + 1


def _mean(losses: Floats) -> float:
    known = losses[~np.isnan(losses)]
    return float(known.mean()) if len(known) else float("nan")
