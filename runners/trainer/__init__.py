"""Trainers: how agents learn before they are used. Each option is a frozen dataclass whose
`session` begins a training; `runners.agent_training.training` takes it to its end.
"""

from collections.abc import Sequence
from typing import Any, Protocol

from runners.agent_training.cases import Case
from sim.agent import Decider
from sim.policy_file import Arrays


class Session(Protocol):
    """Learn from one episode after the other."""

    num_steps: int
    """Environment steps so far: the budget is counted in them, never in seconds."""
    epsilon: float
    """The part of actions that was random of late."""

    def episode(self) -> float:
        """Play and learn from one episode; return the sum of its rewards."""
        ...

    def decider(self) -> Decider:
        """Return who decides as has been learned so far, without exploring."""
        ...

    def arrays(self) -> Arrays:
        """Return what has been learned so far."""
        ...

    def state(self) -> dict[str, Any]:
        """Return all that goes on from one episode to the next."""
        ...

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from where `state` was."""
        ...


class Trainer(Protocol):
    """Say what is learned, and for how long."""

    num_steps: int

    def session(self, cases: Sequence[Case], seed: int) -> Session:
        """Begin to train on these cases; raises ValueError where they don't fit."""
        ...

    def features(self) -> tuple[str, ...]:
        """Return the names of what the policy sees."""
        ...

    def actions(self, cases: Sequence[Case]) -> tuple[str, ...]:
        """Return the names of what it chooses from."""
        ...

    def settings(self) -> dict[str, Any]:
        """Return what else the agent has to know."""
        ...
