"""Faults: what goes wrong, and when. Each option is a frozen dataclass with `run`.

A fault is a SimPy process beside the mode. It acts through `sim.presence` (machines go down and
come back), `Network.set_bandwidth` (links are cut and mended) and `Member.slowdown` (stragglers);
whatever it breaks it mends, so that no run waits for ever. Each mode says in its docstring what it
does about it.
"""

from typing import TYPE_CHECKING, Protocol

from sim.presence import Steps

if TYPE_CHECKING:
    from sim.world import World


class Fault(Protocol):
    """Let things go wrong."""

    def check(self, num_partners: int) -> None:
        """Raise ValueError where the fault does not fit a consortium of this size."""
        ...

    def run(self, world: "World") -> Steps:
        """Break and mend, on and on; the run's end ends it."""
        ...
