"""Agent `fastest_k`: those who are done soonest."""

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
from sim.decision import Decision
from sim.forecast import expected_sim_s
from sim.view import View


@dataclass(frozen=True, kw_only=True)
class FastestK:
    """Choose the `num_participants` partners that are expected to take the fewest seconds.

    Everyone is tried once first; who has come to nothing so far comes last.
    """

    actions: ClassVar[frozenset[str]] = frozenset()
    needs_losses: ClassVar[bool] = False

    num_participants: int

    def __post_init__(self) -> None:
        check_number(self.num_participants)

    def check(self, num_partners: int) -> None:
        """Raise ValueError when more participants are wanted than there are partners."""
        check_consortium(self.num_participants, num_partners)

    def decider(self, num_partners: int, rng: np.random.Generator) -> "FastestDecider":
        """Return who decides in one run."""
        return FastestDecider(self.num_participants)


class FastestDecider:
    """Choose the fastest; all that is remembered is in the view."""

    def __init__(self, num_participants: int) -> None:
        self._num_participants = num_participants

    def decide(self, view: View) -> Decision:
        """Return the partners that have not been tried, and then the fastest."""
        available = available_in(view)
        took_sim_s = np.where(view.partners.num_chosen == 0, 0.0, expected_sim_s(view))[available]
        number = wanted_in(view, self._num_participants)
        return Decision(partners=rising(best(available, -took_sim_s, number)))
