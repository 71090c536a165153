"""Agent `round_robin`: everyone in turn."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sim.agent.choosing import available_in, check_consortium, check_number, rising, wanted_in
from sim.decision import Decision
from sim.view import View


@dataclass(frozen=True, kw_only=True)
class RoundRobin:
    """Choose `num_participants` partners, beginning behind the last one that was chosen; who is not
    there when its turn comes is left out.
    """

    actions: ClassVar[frozenset[str]] = frozenset()
    needs_losses: ClassVar[bool] = False

    num_participants: int

    def __post_init__(self) -> None:
        check_number(self.num_participants)

    def check(self, num_partners: int) -> None:
        """Raise ValueError when more participants are wanted than there are partners."""
        check_consortium(self.num_participants, num_partners)

    def decider(self, num_partners: int, rng: np.random.Generator) -> "RoundRobinDecider":
        """Return who decides in one run."""
        return RoundRobinDecider(self.num_participants)


class RoundRobinDecider:
    """Remember whose turn it is."""

    def __init__(self, num_participants: int) -> None:
        self._num_participants = num_participants
        self._next = 0

    def decide(self, view: View) -> Decision:
        """Return the next ones that are available."""
        available = available_in(view)
        first = int(np.searchsorted(available, self._next))
        turn = np.roll(available, -first)[: wanted_in(view, self._num_participants)]
        self._next = int(turn[-1]) + 1
        return Decision(partners=rising(turn))
