"""Agent `oracle`: the fastest in truth; an upper bound for those who go by speed, and no agent.

It is shown the simulator's hidden state: the machines' speeds, the factors of stragglers, and the
lines at this moment. What is to come it does not know: draws of step times, breakdowns, changes of
bandwidth, and who will share a line; and it is greedy, a round at a time.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

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
from sim.view import Floats, View

if TYPE_CHECKING:
    from sim.world import World


@dataclass(frozen=True, kw_only=True)
class Oracle:
    """Choose the `num_participants` that would be done soonest if each had its lines alone."""

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
    """Look at the world."""

    def __init__(self, num_participants: int) -> None:
        self._num_participants = num_participants
        self._world: World | None = None

    def behold(self, world: "World") -> None:
        """Keep what nobody could know."""
        self._world = world

    def decide(self, view: View) -> Decision:
        """Return the truly fastest."""
        available = available_in(view)
        number = wanted_in(view, self._num_participants)
        return Decision(partners=rising(best(available, -self._true_sim_s(view), number)))

    def _true_sim_s(self, view: View) -> Floats:
        """Return the seconds that each available partner would take by itself."""
        world = self._world
        assert world is not None, "the world is shown first"
        took_sim_s = []
        for partner in view.available:
            member, server = world.members[partner], world.proxy_of(world.members[partner])
            took_sim_s.append(
                view.num_steps[partner] * member.mean_step_sim_s
                + world.traffic.alone_sim_s(server, member, view.down_bytes)
                + world.traffic.alone_sim_s(member, server, view.up_bytes)
            )
        return np.array(took_sim_s)
