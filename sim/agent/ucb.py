"""Agent `ucb`: a bandit with an arm for each partner (UCB1, Auer et al. 2002).

A partner's reward is its statistical utility per second that it is expected to take, 0 if its work
was lost. Those with the highest mean reward r̄_i + c √(ln N / n_i) take part, n_i being how often a
partner has, N how often all together have; means are divided by the largest one. Everyone is
tried once first. Where losses are hidden, the samples held stand for the utility.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sim.agent.choosing import (
    available_in,
    best,
    check_consortium,
    check_number,
    rising,
    wanted_in,
)
from sim.bounds import not_negative
from sim.decision import Decision
from sim.forecast import expected_sim_s
from sim.view import Floats, View


@dataclass(frozen=True, kw_only=True)
class Ucb:
    """Choose the `num_participants` with the highest upper confidence bound; `exploration` is c."""

    actions: ClassVar[frozenset[str]] = frozenset()
    needs_losses: ClassVar[bool] = True

    num_participants: int
    exploration: float

    def __post_init__(self) -> None:
        check_number(self.num_participants)
        not_negative("exploration", self.exploration, remedy="√2 is the paper's, 0 only exploits")

    def check(self, num_partners: int) -> None:
        """Raise ValueError when more participants are wanted than there are partners."""
        check_consortium(self.num_participants, num_partners)

    def decider(self, num_partners: int, rng: np.random.Generator) -> "UcbDecider":
        """Return who decides in one run."""
        return UcbDecider(self, num_partners)


class UcbDecider:
    """Keep the sum and the number of each partner's rewards."""

    def __init__(self, agent: Ucb, num_partners: int) -> None:
        self._agent = agent
        self._rewards = np.zeros(num_partners)
        self._num_rewards = np.zeros(num_partners)
        self._num_dropped = np.zeros(num_partners)
        self._is_out = np.zeros(num_partners, dtype=np.bool_)

    def decide(self, view: View) -> Decision:
        """Take in what has become of earlier decisions, and return the best by their bounds."""
        self._learn(view)
        available = available_in(view)
        chosen = best(
            available, self._bounds()[available], wanted_in(view, self._agent.num_participants)
        )
        self._is_out[chosen] = True
        return Decision(partners=rising(chosen))

    def _learn(self, view: View) -> None:
        """Reward those who are back."""
        seen = view.partners
        is_back = self._is_out & ~seen.in_flight
        has_come = seen.num_dropped == self._num_dropped
        rewards = np.where(has_come, np.nan_to_num(_rewards(view)), 0.0)
        self._rewards[is_back] += rewards[is_back]
        self._num_rewards[is_back] += 1
        self._num_dropped = seen.num_dropped.astype(np.float64)
        self._is_out &= ~is_back

    def _bounds(self) -> Floats:
        """Return r̄_i + c √(ln N / n_i); infinite for those who have not been tried."""
        tried = np.maximum(self._num_rewards, 1)
        means = self._rewards / tried
        total = max(1.0, float(self._num_rewards.sum()))
        bonus = self._agent.exploration * np.sqrt(np.log(total) / tried)
        bounds: Floats = means / (means.max() or 1.0) + bonus
        return np.where(self._num_rewards == 0, np.inf, bounds)


def _rewards(view: View) -> Floats:
    """Return utility per second; samples stand for the utility where no loss is known."""
    utility = view.partners.utility
    if np.isnan(utility).all():
        utility = view.partners.num_samples.astype(np.float64)
    took_sim_s = expected_sim_s(view)
    rewards: Floats = utility / np.where(took_sim_s > 0, took_sim_s, np.nan)
    return rewards
