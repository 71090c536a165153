"""Agent `deadline`: as many as make a deadline (FedCS, Nishio & Yonetani 2019).

In: what each partner is expected to take; who has not been tried is taken to make it. The fastest
take part, as long as they make the deadline, and the round ends then at the latest. FedCS lets
partners send one after the other, so that its knapsack is filled greedily by what each adds; here
they share the proxy's lines, as the seconds that were seen of them have it, and filling it by
rising seconds gives the most that fit. Where nobody is expected to make it, the fastest is sent.
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
)
from sim.bounds import positive
from sim.decision import Decision
from sim.forecast import expected_sim_s
from sim.view import View


@dataclass(frozen=True, kw_only=True)
class Deadline:
    """Choose those who make `deadline_sim_s`, at most `num_participants`; None has no limit."""

    actions: ClassVar[frozenset[str]] = frozenset({"deadline_sim_s"})
    needs_losses: ClassVar[bool] = False

    deadline_sim_s: float
    num_participants: int | None

    def __post_init__(self) -> None:
        positive("deadline_sim_s", self.deadline_sim_s, remedy="try agent.deadline_sim_s=60")
        if self.num_participants is not None:
            check_number(self.num_participants)

    def check(self, num_partners: int) -> None:
        """Raise ValueError when more participants are wanted than there are partners."""
        check_consortium(self.num_participants, num_partners)

    def decider(self, num_partners: int, rng: np.random.Generator) -> "DeadlineDecider":
        """Return who decides in one run."""
        return DeadlineDecider(self)


class DeadlineDecider:
    """Fill the round; all that is remembered is in the view."""

    def __init__(self, agent: Deadline) -> None:
        self._agent = agent

    def decide(self, view: View) -> Decision:
        """Return the fastest that make the deadline."""
        agent, available = self._agent, available_in(view)
        took_sim_s = np.where(view.partners.num_chosen == 0, 0.0, expected_sim_s(view))[available]
        num_in_time = int((took_sim_s <= agent.deadline_sim_s).sum())
        most = agent.num_participants or len(available)
        number = view.num_wanted or max(1, min(num_in_time, most))
        return Decision(
            partners=rising(best(available, -took_sim_s, number)),
            deadline_sim_s=agent.deadline_sim_s,
        )
