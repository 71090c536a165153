"""Agent `oort`: guided participant selection (Oort, Lai et al. 2021, algorithm 1).

Partner i, who was last merged in round L_i and is expected to take t_i seconds, has in round R

    (U_i / U_max + √(0.1 ln R / L_i)) · min(1, T / t_i)^α

as its utility, U_i = n_i √(mean of its batches' squared losses) being clipped at a percentile of
all. U_max puts the bonus of age on the utility's scale, as the authors' code does. A part ε of the
chosen are new ones; the others are drawn, by utility, among those with at least `cutoff` times the
utility of the last that would take part. ε falls by `exploration_decay` from decision to decision.
The pacer sets the preferred duration T, a percentile of the seconds that partners are expected to
take: when the utility of those chosen in the last `pacer_rounds` is below that of as many before,
slower partners are let in.

The paper tries new partners by their machine's speed; a proxy does not know that, but how many
steps they are to take, of which fewer are sooner done. Where losses are hidden, all of them count
as 1: the data held and the seconds decide. Who has come to nothing so far has no utility but its
age's.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sim.agent.choosing import (
    Numbers,
    available_in,
    best,
    check_consortium,
    check_number,
    drawn,
    rising,
    wanted_in,
)
from sim.bounds import at_least, not_negative
from sim.decision import Decision
from sim.forecast import expected_sim_s
from sim.view import Floats, View

AGE_FACTOR = 0.1
"""Of the paper's bonus √(0.1 ln R / L)."""


@dataclass(frozen=True, kw_only=True)
class Oort:
    """Choose `num_participants` by utility; settings as in the module's docstring.

    `straggler_exponent` is α; percentiles are in percent.
    """

    actions: ClassVar[frozenset[str]] = frozenset()
    needs_losses: ClassVar[bool] = True

    num_participants: int
    straggler_exponent: float
    exploration: float
    exploration_decay: float
    min_exploration: float
    cutoff: float
    clip_percentile: float
    preferred_percentile: float
    pacer_rounds: int
    pacer_percent: float

    def __post_init__(self) -> None:
        check_number(self.num_participants)
        not_negative("straggler_exponent", self.straggler_exponent, remedy="the paper's is 2")
        for name in ("exploration", "exploration_decay", "min_exploration", "cutoff"):
            _within(name, getattr(self, name), 1.0)
        for name in ("clip_percentile", "preferred_percentile", "pacer_percent"):
            _within(name, getattr(self, name), 100.0)
        at_least("pacer_rounds", self.pacer_rounds, 1, remedy="the paper's is 20")

    def check(self, num_partners: int) -> None:
        """Raise ValueError when more participants are wanted than there are partners."""
        check_consortium(self.num_participants, num_partners)

    def decider(self, num_partners: int, rng: np.random.Generator) -> "OortDecider":
        """Return who decides in one run."""
        return OortDecider(self, rng)


def _within(name: str, value: float, high: float) -> None:
    if not 0 <= value <= high:
        raise ValueError(
            f"{name} must be between 0 and {high}, got {value}; conf/agent/oort.yaml has the "
            "paper's"
        )


class OortDecider:
    """Keep ε, the preferred duration, and what those chosen were worth."""

    def __init__(self, agent: Oort, rng: np.random.Generator) -> None:
        self._agent = agent
        self._rng = rng
        self._exploration = agent.exploration
        self._percentile = agent.preferred_percentile
        self._gains: list[float] = []

    def decide(self, view: View) -> Decision:
        """Return new partners, and those of high utility."""
        agent, available = self._agent, available_in(view)
        number = wanted_in(view, agent.num_participants)
        is_new = view.partners.num_chosen[available] == 0
        new, tried = available[is_new], available[~is_new]
        num_new = min(len(new), max(number - len(tried), round(self._exploration * number)))
        utilities = self._utilities(view)
        exploited = self._exploit(tried, utilities[tried], number - num_new)
        explored = drawn(self._rng, new, 1.0 / view.num_steps[new], num_new)
        self._gains.append(float(_statistical(view, agent.clip_percentile)[exploited].sum()))
        self._pace()
        decayed = self._exploration * agent.exploration_decay
        self._exploration = max(agent.min_exploration, decayed)
        return Decision(partners=rising(np.concatenate([explored, exploited])))

    def _utilities(self, view: View) -> Floats:
        """Return the utility of every partner; above 0."""
        agent, took_sim_s = self._agent, expected_sim_s(view)
        statistical = _statistical(view, agent.clip_percentile)
        last_round = np.maximum(1, view.round - view.partners.age_rounds)
        bonus = np.sqrt(AGE_FACTOR * np.log(max(1, view.round)) / last_round)
        utilities: Floats = statistical / (statistical.max() or 1.0) + bonus
        if not np.isnan(took_sim_s).all():
            preferred_sim_s = np.nanpercentile(took_sim_s, self._percentile)
            lateness = np.nan_to_num(took_sim_s, nan=0.0) / (preferred_sim_s or 1.0)
            utilities = utilities / np.maximum(1.0, lateness) ** agent.straggler_exponent
        return np.maximum(utilities, np.finfo(np.float64).tiny)

    def _exploit(self, tried: Numbers, utilities: Floats, number: int) -> Numbers:
        """Draw by utility among those that are not far behind the last that would take part."""
        if number <= 0:
            return tried[:0]
        last = np.sort(utilities)[-number]
        is_near = utilities >= self._agent.cutoff * last
        if number > 0 and is_near.sum() > number:
            return drawn(self._rng, tried[is_near], utilities[is_near], number)
        return best(tried, utilities, number)

    def _pace(self) -> None:
        """Let slower partners in when those of late were worth less than those before."""
        rounds = self._agent.pacer_rounds
        if len(self._gains) == 2 * rounds:
            before, late = sum(self._gains[:rounds]), sum(self._gains[rounds:])
            if before > late:
                self._percentile = min(100.0, self._percentile + self._agent.pacer_percent)
            del self._gains[:rounds]


def _statistical(view: View, clip_percentile: float) -> Floats:
    """Return the clipped statistical utility of every partner, 0 where there is none yet."""
    utility = view.partners.utility
    if np.isnan(utility).all():
        has_come = ~np.isnan(view.partners.up_bytes_per_s) | ~np.isnan(view.partners.step_sim_s)
        utility = np.where(has_come, view.partners.num_samples, np.nan)
    if np.isnan(utility).all():
        return np.zeros(len(utility))
    highest = np.nanpercentile(utility, clip_percentile)
    return np.nan_to_num(np.minimum(utility, highest), nan=0.0)
