"""Faults: what goes wrong, and when. Each option is a frozen dataclass with `check` and `run`.

A fault is a SimPy process beside the mode. It acts through `sim.presence` (machines go down and
come back), `sim.outages` (links are cut and mended) and `Member.slowdown` (stragglers); whatever it
breaks it mends, so that no run waits for ever. It draws from streams of its own, named "fault", so
the same faults come at the same times in every mode. Each mode says in its docstring what it does
about them.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import numpy as np

from sim.presence import Steps

if TYPE_CHECKING:
    from sim.world import World


class Fault(Protocol):
    """Let things go wrong."""

    def check(self, num_partners: int, num_sites: int) -> None:
        """Raise ValueError where the fault does not fit a consortium of this size in so many
        sites.
        """
        ...

    def run(self, world: "World") -> Steps:
        """Break and mend, on and on; the run's end ends it."""
        ...


def strike_at_random(
    world: "World",
    strike: Callable[[], Steps],
    *,
    mean_between_sim_s: float,
    rng: np.random.Generator,
) -> Steps:
    """Start `strike` after exponential times (a Poisson process), whether or not the one before is
    over.
    """
    while True:
        yield world.env.timeout(rng.exponential(mean_between_sim_s))
        world.env.process(strike())
