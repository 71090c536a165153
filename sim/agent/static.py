"""Agent `static`: everyone, or the same number of partners drawn at random each round."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sim.agent.choosing import check_consortium
from sim.bounds import at_least
from sim.decision import Decision
from sim.view import View


@dataclass(frozen=True, kw_only=True)
class Static:
    """Choose `num_participants` partners uniformly without replacement; None means everyone."""

    actions: ClassVar[frozenset[str]] = frozenset()
    needs_losses: ClassVar[bool] = False

    num_participants: int | None

    def __post_init__(self) -> None:
        if self.num_participants is not None:
            at_least(
                "num_participants",
                self.num_participants,
                1,
                remedy="agent.num_participants=null takes everyone",
            )

    def check(self, num_partners: int) -> None:
        """Raise ValueError when more participants are wanted than there are partners."""
        check_consortium(self.num_participants, num_partners)

    def decider(self, num_partners: int, rng: np.random.Generator) -> "StaticDecider":
        """Return who decides in one run."""
        return StaticDecider(self.num_participants, rng)


class StaticDecider:
    """Draw partners, and learn nothing."""

    def __init__(self, num_participants: int | None, rng: np.random.Generator) -> None:
        self._num_participants = num_participants
        self._rng = rng

    def decide(self, view: View) -> Decision:
        """Return the partners that begin now; all that are available where more are wanted."""
        available = view.available
        wanted = view.num_wanted or self._num_participants or len(available)
        if wanted >= len(available):
            return Decision(partners=available)
        drawn = self._rng.choice(len(available), size=wanted, replace=False)
        return Decision(partners=tuple(sorted(available[number] for number in drawn.tolist())))
