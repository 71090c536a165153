"""Owns how a decision is asked for: of the run's own agent, who answers at once, or of somebody
outside the simulation, for whom the clock stands still until the answer is there.
"""

from typing import Protocol

import simpy

from sim.agent import Decider
from sim.decision import Decision
from sim.presence import Steps
from sim.view import View


class Asking(Protocol):
    """Get a decision for what is seen."""

    def ask(self, view: View) -> Steps:
        """Return a `Decision`; may wait for it."""
        ...


class AskDecider:
    """Ask the run's own agent."""

    def __init__(self, decider: Decider) -> None:
        self._decider = decider

    def ask(self, view: View) -> Steps:
        """Return what it decides, at once."""
        yield from ()  # nothing to wait for
        return self._decider.decide(view)


class AskOutside:
    """Keep a question until somebody outside the simulation answers it; one at a time."""

    def __init__(self, env: simpy.Environment) -> None:
        self.view: View | None = None  # what has to be decided on now
        self.asked = env.event()
        self._env = env
        self.answered = env.event()

    def ask(self, view: View) -> Steps:
        """Return the answer that comes from outside."""
        assert self.view is None, "a question is open: wait until it is answered"
        self.view, self.answered = view, self._env.event()
        self.asked.succeed()
        return (yield self.answered)

    def answer(self, decision: Decision) -> None:
        """Let the simulation go on with a decision."""
        self.view, self.asked = None, self._env.event()
        self.answered.succeed(decision)
