"""Agents: who decides, round by round, which partners take part.

A static agent is the baseline that a learning one has to beat.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Observation:
    """Hold what the proxy can see when it needs partners.

    `available` are the partners that are up and free, in rising order; `num_wanted` is how many are
    needed, None where that is the agent's to decide.
    """

    round: int
    available: tuple[int, ...]
    num_wanted: int | None


class Agent(Protocol):
    """Decide who takes part."""

    def check(self, num_partners: int) -> None:
        """Raise ValueError unless the agent can serve a consortium of this size."""
        ...

    def choose(self, observation: Observation, rng: np.random.Generator) -> tuple[int, ...]:
        """Return the partners that begin now, at least one of the available, in rising order."""
        ...
