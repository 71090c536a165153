"""Agents: who decides, from what a proxy can see, which partners take part and how.

An agent's option is a frozen dataclass; what it learns in a run lives in the `Decider` that it
makes for that run. A decider is given a `View` (`sim.view`), and nothing else of the world:
it can't read what a real proxy could not see. The oracle, which can, says so. A static agent is the
baseline that a learning one has to beat.
"""

from typing import TYPE_CHECKING, ClassVar, Protocol, runtime_checkable

import numpy as np

from sim.decision import Decision
from sim.view import View

if TYPE_CHECKING:
    from sim.world import World


class Decider(Protocol):
    """Decide in one run."""

    def decide(self, view: View) -> Decision:
        """Return what begins now: at least one of the available partners, each once.

        What has become of the last decision is in the view.
        """
        ...


class Agent(Protocol):
    """Decide who takes part."""

    actions: ClassVar[frozenset[str]]
    """Which fields of a `Decision` it uses besides `partners`; a mode has to understand them."""
    needs_losses: ClassVar[bool]
    """Whether it looks at partners' losses: they are then asked for after every round."""

    def check(self, num_partners: int) -> None:
        """Raise ValueError unless the agent can serve a consortium of this size."""
        ...

    def decider(self, num_partners: int, rng: np.random.Generator) -> Decider:
        """Return who decides in one run."""
        ...


@runtime_checkable
class Clairvoyant(Protocol):
    """A decider that is shown the simulator's hidden state: an upper bound, and no agent."""

    def behold(self, world: "World") -> None:
        """Keep what nobody could know."""
        ...
