"""Agents: who decides, round by round, which partners take part.

A static agent is the baseline that a learning one has to beat.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Observation:
    """Hold what the proxy can see when a round begins."""

    round: int
    num_partners: int


class Agent(Protocol):
    """Decide who takes part."""

    def check(self, num_partners: int) -> None:
        """Raise ValueError unless the agent can serve a consortium of this size."""
        ...

    def choose(self, observation: Observation, rng: np.random.Generator) -> tuple[int, ...]:
        """Return the partners of the coming round, at least one, in rising order."""
        ...
