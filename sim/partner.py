"""Owns a partner at run time: it computes, sends and receives, and its time is traced without gaps.

Whatever lies between two activities is a `wait`, or `down` while the partner is not up, so a
partner's spans tile its timeline by construction.
"""

import math
from collections.abc import Callable
from functools import partial

import numpy as np
import simpy

from sim.consortium import Partner
from sim.machine import Machine
from sim.trace import Trace
from sim.variability import Variability

Part = tuple[str, float]
"""A kind of span, and the virtual second until which it lasts at most."""

Activity = tuple[float, float, tuple[Part, ...]]
"""What a partner is doing: since when, with how many bytes, and its parts in order."""


class Member(Machine):
    """Take part in a simulation as one partner."""

    def __init__(
        self,
        env: simpy.Environment,
        index: int,
        partner: Partner,
        *,
        trace: Trace,
        efficiency: float,
        step_sim_s: float,
        variability: Variability,
        rng: np.random.Generator,
    ) -> None:
        super().__init__(env, partner.name, partner, efficiency)
        self.index = index
        self.speed = partner.speed
        self.slowdown = 1.0  # a straggler's factor, for the time being
        self._trace = trace
        self._step_sim_s = step_sim_s / partner.speed
        self._variability = variability
        self._rng = rng
        self._traced_until_sim_s = 0.0
        self._activity: Activity | None = None
        self._foreseen: tuple[float, float] | None = None  # steps, and how many mean ones they take

    @property
    def mean_step_sim_s(self) -> float:
        """How long a batch takes at present, before chance has a part in it."""
        return self._step_sim_s * self.slowdown

    def draw_sim_s(self, num_steps: float) -> float:
        """Return how long the next `num_steps` batches take; each call draws anew."""
        self._foreseen = None
        return self._drawn_steps(num_steps) * self.mean_step_sim_s

    def foreseen_sim_s(self, num_steps: float) -> float:
        """Return what `draw_sim_s` will return next if the partner is as slow then as it is now;
        nothing is drawn by that.
        """
        if self._foreseen is None or self._foreseen[0] != num_steps:
            state = self._rng.bit_generator.state
            self._foreseen = (num_steps, self._drawn_steps(num_steps))
            self._rng.bit_generator.state = state
        return self._foreseen[1] * self.mean_step_sim_s

    def _drawn_steps(self, num_steps: float) -> float:
        """Draw in how many mean steps `num_steps` batches are done."""
        whole = int(num_steps)
        mean_steps = self._variability.stretch(whole, self._rng) if whole else 0.0
        return mean_steps + num_steps - whole

    def compute(self, num_steps: float) -> simpy.Event:
        """Train for `num_steps` batches; the event comes at the end."""
        return self.traced("compute", self.env.timeout(self.draw_sim_s(num_steps)), 0.0)

    def traced(self, kind: str, event: simpy.Event, num_bytes: float) -> simpy.Event:
        """Trace the time from now until `event` as one span of this partner; return the event."""
        return self.traced_parts(event, num_bytes, ((kind, math.inf),))

    def traced_parts(
        self, event: simpy.Event, num_bytes: float, parts: tuple[Part, ...]
    ) -> simpy.Event:
        """Trace the time from now until `event` as spans that follow each other."""
        callbacks: list[Callable[[simpy.Event], None]] | None = event.callbacks
        assert callbacks is not None, "an event that has passed has no time left to trace"
        callbacks.append(partial(self._ended, self.begin(num_bytes, parts)))
        return event

    def begin(self, num_bytes: float, parts: tuple[Part, ...]) -> Activity:
        """Begin an activity now; `close` ends it."""
        now_sim_s = self.env.now
        if self._activity is not None:
            self.close()
        if now_sim_s > self._traced_until_sim_s:
            self.rest()
        self._activity = activity = (now_sim_s, num_bytes, parts)
        return activity

    def close(self) -> None:
        """End the present activity, if there is one; what it did not get to is not traced."""
        if self._activity is None:
            return
        start_sim_s, num_bytes, parts = self._activity
        self._activity = None
        now_sim_s = self.env.now
        for kind, until_sim_s in parts:
            end_sim_s = now_sim_s if now_sim_s < until_sim_s else until_sim_s
            if end_sim_s > start_sim_s:
                self._trace.span(self.name, kind, start_sim_s, end_sim_s, num_bytes)
                start_sim_s = end_sim_s
        self._traced_until_sim_s = start_sim_s

    def rest(self) -> None:
        """Trace everything since the last activity as waiting, or being down."""
        now_sim_s = self.env.now
        if self._activity is None and now_sim_s > self._traced_until_sim_s:
            kind = "wait" if self.is_up else "down"
            self._trace.span(self.name, kind, self._traced_until_sim_s, now_sim_s, 0.0)
            self._traced_until_sim_s = now_sim_s

    def set_up(self, is_up: bool) -> None:
        """Be up or down from now on; an activity that is under way goes on."""
        self.rest()
        super().set_up(is_up)

    def stop(self) -> None:
        """Leave what it is doing."""
        self.close()

    def _ended(self, activity: Activity, _event: simpy.Event) -> None:
        if self._activity is activity:
            self.close()
