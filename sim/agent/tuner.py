"""Agent `tuner`: tries how to be faster, one thing at a time (hill climbing).

In its hands are the local steps (1, 2, 4, … times the usual ones), the level of compression, and
how many replicas of the proxy are in use. After every `interval_rounds` decisions it looks at the
virtual seconds that a unit of progress has taken, progress being the part of the budget's samples
that have been trained on. If that is less than ever before, it goes on in the same direction; if
not, it goes back, and tries the next. What longer local training and coarser updates cost in
accuracy it does not see: `max_step_factor` and the levels of compression keep that in bounds.
"""

import math
from dataclasses import dataclass
from itertools import cycle
from typing import ClassVar

import numpy as np

from sim.agent.static import Static, StaticDecider
from sim.bounds import at_least
from sim.decision import Decision
from sim.view import View

STEPS, LEVEL, REPLICAS = range(3)
MOVES = ((STEPS, 1), (LEVEL, 1), (REPLICAS, -1), (STEPS, -1), (LEVEL, -1), (REPLICAS, 1))
"""What is tried, one after the other: which setting, and in which direction."""


@dataclass(frozen=True, kw_only=True)
class Tuner:
    """Choose `num_participants` at random, None being everyone, and tune how they take part."""

    actions: ClassVar[frozenset[str]] = frozenset({"num_steps", "compression", "num_replicas"})
    needs_losses: ClassVar[bool] = False

    num_participants: int | None
    interval_rounds: int
    max_step_factor: int

    def __post_init__(self) -> None:
        Static(num_participants=self.num_participants)
        at_least("interval_rounds", self.interval_rounds, 1, remedy="try agent.interval_rounds=5")
        at_least("max_step_factor", self.max_step_factor, 1, remedy="1 keeps the usual steps")

    def check(self, num_partners: int) -> None:
        """Raise ValueError when more participants are wanted than there are partners."""
        Static(num_participants=self.num_participants).check(num_partners)

    def decider(self, num_partners: int, rng: np.random.Generator) -> "TunerDecider":
        """Return who decides in one run."""
        return TunerDecider(self, rng)


class TunerDecider:
    """Remember the best settings so far, and what is being tried."""

    def __init__(self, agent: Tuner, rng: np.random.Generator) -> None:
        self._agent = agent
        self._choosing = StaticDecider(agent.num_participants, rng)
        self._moves = cycle(MOVES)
        self._move = next(self._moves)
        self._best: list[int] = []
        self._present: list[int] = []
        self._best_sim_s = math.inf
        self._num_decisions = 0
        self._since = (0.0, 0.0)  # progress and time when the present settings began

    def decide(self, view: View) -> Decision:
        """Return who takes part, with the settings that are being tried."""
        if not self._present:
            self._best = self._present = [0, 0, view.num_replicas]
            self._since = view.progress, view.now_sim_s
        elif self._num_decisions % self._agent.interval_rounds == 0:
            self._judge(view)
        self._num_decisions += 1
        partners = self._choosing.decide(view).partners
        doublings, level, num_replicas = self._present
        return Decision(
            partners=partners,
            num_steps={one: int(view.num_steps[one]) << doublings for one in partners},
            compression=level if len(view.up_bytes_at) > 1 else None,
            num_replicas=num_replicas if view.num_replicas > 1 else None,
        )

    def _judge(self, view: View) -> None:
        """Keep the present settings if they are the best so far, and try others."""
        progress, start_sim_s = self._since
        gained = view.progress - progress
        took_sim_s = (view.now_sim_s - start_sim_s) / gained if gained > 0 else math.inf
        self._since = view.progress, view.now_sim_s
        if took_sim_s < self._best_sim_s:
            self._best, self._best_sim_s = self._present, took_sim_s
        else:
            self._move = next(self._moves)
        self._present = self._next(view)

    def _next(self, view: View) -> list[int]:
        """Return the best settings, but for one move that is possible; themselves if none is."""
        lowest = (0, 0, 1)
        highest = (
            self._agent.max_step_factor.bit_length() - 1,
            len(view.up_bytes_at) - 1,
            view.num_replicas,
        )
        for _ in MOVES:
            which, direction = self._move
            value = self._best[which] + direction
            if lowest[which] <= value <= highest[which]:
                return [*self._best[:which], value, *self._best[which + 1 :]]
            self._move = next(self._moves)
        return self._best
