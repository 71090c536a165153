"""Owns a partner at run time: it computes, sends and receives, and its time is traced without gaps.

Whatever lies between two activities is a `wait`, so a partner's spans tile its timeline by
construction.
"""

from collections.abc import Callable
from functools import partial

import simpy

from sim.consortium import Partner
from sim.fair_share import Link
from sim.trace import Trace


class Member:
    """Take part in a simulation as one partner."""

    def __init__(
        self, env: simpy.Environment, index: int, partner: Partner, trace: Trace, step_sim_s: float
    ) -> None:
        self.index = index
        self.name = partner.name
        self.speed = partner.speed
        self.uplink = Link(
            name=f"{partner.name}.up",
            bytes_per_s=partner.uplink_bytes_per_s,
            latency_sim_s=partner.latency_sim_s,
        )
        self.downlink = Link(
            name=f"{partner.name}.down",
            bytes_per_s=partner.downlink_bytes_per_s,
            latency_sim_s=partner.latency_sim_s,
        )
        self._env = env
        self._trace = trace
        self._step_sim_s = step_sim_s / partner.speed
        self._traced_until_sim_s = 0.0

    def compute(self, num_steps: int) -> simpy.Event:
        """Train for `num_steps` batches; the event comes at the end."""
        now_sim_s = self._env.now
        self.wait_until(now_sim_s)
        seconds = num_steps * self._step_sim_s
        self._trace.span(self.name, "compute", now_sim_s, now_sim_s + seconds, 0.0)
        self._traced_until_sim_s = now_sim_s + seconds
        return self._env.timeout(seconds)

    def traced(self, kind: str, event: simpy.Event, num_bytes: float) -> simpy.Event:
        """Trace the time from now until `event` as one span of this partner; return the event."""
        self.wait_until(self._env.now)
        callbacks: list[Callable[[simpy.Event], None]] | None = event.callbacks
        assert callbacks is not None, "an event that has passed has no time left to trace"
        callbacks.append(partial(self._did, kind, num_bytes))
        return event

    def wait_until(self, now_sim_s: float) -> None:
        """Trace everything since the last activity as waiting."""
        if now_sim_s > self._traced_until_sim_s:
            self._trace.span(self.name, "wait", self._traced_until_sim_s, now_sim_s, 0.0)
            self._traced_until_sim_s = now_sim_s

    def _did(self, kind: str, num_bytes: float, _event: simpy.Event) -> None:
        now_sim_s = self._env.now
        self._trace.span(self.name, kind, self._traced_until_sim_s, now_sim_s, num_bytes)
        self._traced_until_sim_s = now_sim_s
