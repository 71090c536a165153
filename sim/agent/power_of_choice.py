"""Agent `power_of_choice`: of some that are drawn, those who have most to learn (Cho et al. 2020).

`num_candidates` partners are drawn without replacement, with the probability of their share of the
data, and those of them with the highest loss take part. The paper asks the candidates for their
present loss; a proxy has that of their last work, and takes who has told none for the highest (the
paper's variant `rpow-d`). Where losses are hidden, under a secure sum or where nothing is learned,
it so comes down to a draw by shares of the data.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sim.agent.choosing import (
    available_in,
    best,
    check_consortium,
    check_number,
    drawn,
    rising,
    wanted_in,
)
from sim.bounds import at_least
from sim.decision import Decision
from sim.view import View


@dataclass(frozen=True, kw_only=True)
class PowerOfChoice:
    """Choose the `num_participants` with the highest loss of `num_candidates` that are drawn."""

    actions: ClassVar[frozenset[str]] = frozenset()
    needs_losses: ClassVar[bool] = True

    num_participants: int
    num_candidates: int

    def __post_init__(self) -> None:
        check_number(self.num_participants)
        at_least(
            "num_candidates",
            self.num_candidates,
            self.num_participants,
            remedy="as many as agent.num_participants is a draw by shares of the data",
        )

    def check(self, num_partners: int) -> None:
        """Raise ValueError when more are wanted than there are partners."""
        check_consortium(self.num_participants, num_partners)
        check_consortium(self.num_candidates, num_partners, "num_candidates")

    def decider(self, num_partners: int, rng: np.random.Generator) -> "PowerOfChoiceDecider":
        """Return who decides in one run."""
        return PowerOfChoiceDecider(self, rng)


class PowerOfChoiceDecider:
    """Draw, and compare."""

    def __init__(self, agent: PowerOfChoice, rng: np.random.Generator) -> None:
        self._agent = agent
        self._rng = rng

    def decide(self, view: View) -> Decision:
        """Return those with the highest loss of those that are drawn."""
        available, seen = available_in(view), view.partners
        number = wanted_in(view, self._agent.num_participants)
        weights = np.maximum(seen.num_samples[available], 1).astype(np.float64)
        candidates = drawn(self._rng, available, weights, max(number, self._agent.num_candidates))
        losses = np.nan_to_num(seen.train_loss[candidates], nan=np.inf)
        return Decision(partners=rising(best(candidates, losses, number)))
