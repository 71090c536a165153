"""Owns one simulation: builds its parts, lets a mode run, and keeps the account of rounds, samples
and bytes.

A `Setting` comes in, an `Outcome` goes out. This is the only place that runs the clock.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import simpy

from sim.agent import Agent, Observation
from sim.bounds import one_of
from sim.budget import Budget
from sim.consortium import Consortium
from sim.hardware import Hardware
from sim.learner import Learner, Merged, Model
from sim.network import Network
from sim.partner import Member
from sim.proxy import ProxyServer
from sim.streams import stream
from sim.trace import LEVELS, Round, Span, Trace
from sim.workload import Workload

Steps = Generator[simpy.Event, Any, None]
"""What a SimPy process yields."""


class Mode(Protocol):
    """A protocol, written once: a SimPy process that says who computes, sends, waits and learns."""

    def run(self, world: "World") -> Steps:
        """Yield the events the protocol waits for, until the world's budget is spent."""
        ...


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Hold all that a simulation depends on, but for the learner.

    `wire_bytes` is what an update weighs on the wire, after privacy and compression.
    """

    consortium: Consortium
    workload: Workload
    hardware: Hardware
    mode: Mode
    agent: Agent
    budget: Budget
    wire_bytes: int
    seed: int
    trace_level: str

    def __post_init__(self) -> None:
        one_of("trace_level", self.trace_level, LEVELS)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Hold what a simulation leaves behind."""

    rounds: list[Round]
    spans: list[Span]
    models: tuple[Model, ...]


class World:
    """The parts of one simulation, as its mode sees them."""

    def __init__(
        self, setting: Setting, learner: Learner, on_round: Callable[[float], None]
    ) -> None:
        """Build the parts; `on_round` is told the budget's spent fraction after every round."""
        self.env = simpy.Environment()
        self.setting = setting
        self.workload = setting.workload
        self.budget = setting.budget
        self.learner = learner
        self.network = Network(self.env)
        self.trace = Trace(level=setting.trace_level)
        self.proxy = ProxyServer(self.env, setting.consortium.proxy, self.trace)
        step_sim_s = setting.hardware.steps_sim_s(setting.workload, 1)
        self.members = [
            Member(self.env, index, partner, self.trace, step_sim_s)
            for index, partner in enumerate(setting.consortium.partners)
        ]
        self._on_round = on_round
        self._agent_rng = stream(setting.seed, "agent")
        self._num_samples = 0
        self._num_bytes = 0.0
        self._num_evaluations = 0
        self._round_start_sim_s = 0.0
        self._models: tuple[Model, ...] = ()

    def run(self) -> Outcome:
        """Run the mode to its end; raises RuntimeError when it gets stuck, with all that it waits
        for.
        """
        process = self.env.process(self.setting.mode.run(self))
        try:
            self.env.run(until=process)
        except RuntimeError as error:
            if process.triggered:
                raise
            raise RuntimeError(
                f"mode {type(self.setting.mode).__name__} waits for an event that never comes, at "
                f"{self.env.now} virtual seconds in round {self.trace.round}; this is a mistake in "
                "the mode, not in the config"
            ) from error
        return Outcome(rounds=self.trace.rounds, spans=self.trace.spans, models=self._models)

    @property
    def is_spent(self) -> bool:
        """Whether the budget's samples have been trained on."""
        return self._spent_fraction() >= 1

    def choose(self) -> tuple[Member, ...]:
        """Ask the agent who takes part in the coming round."""
        observation = Observation(round=self.trace.round, num_partners=len(self.members))
        return tuple(
            self.members[partner]
            for partner in self.setting.agent.choose(observation, self._agent_rng)
        )

    def send(self, member: Member, num_bytes: float) -> simpy.Event:
        """Send from a partner to the proxy; the partner is busy until all has arrived."""
        self._num_bytes += num_bytes
        transfer = self.network.transfer(num_bytes, (member.uplink, self.proxy.downlink))
        return member.traced("transfer", transfer, num_bytes)

    def receive(self, member: Member, num_bytes: float) -> simpy.Event:
        """Send from the proxy to a partner; the partner is busy until all has arrived."""
        self._num_bytes += num_bytes
        transfer = self.network.transfer(num_bytes, (self.proxy.uplink, member.downlink))
        return member.traced("transfer", transfer, num_bytes)

    def send_direct(self, sender: Member, receiver: Member, num_bytes: float) -> simpy.Event:
        """Send from a partner to another; the sender is busy until all has arrived."""
        self._num_bytes += num_bytes
        transfer = self.network.transfer(num_bytes, (sender.uplink, receiver.downlink))
        return sender.traced("transfer", transfer, num_bytes)

    def collective(self, members: Sequence[Member], steps: Steps, num_bytes: float) -> simpy.Event:
        """Run a collective; its members are busy until it ends, each sends `num_bytes`."""
        process = self.env.process(steps)
        self._num_bytes += num_bytes * len(members)
        for member in members:
            member.traced("transfer", process, num_bytes)
        return process

    def merge_at_proxy(self, member: Member, num_bytes: float) -> simpy.Event:
        """Queue a partner's update at the proxy; the partner knows when it has been merged."""
        return member.traced("proxy", self.proxy.merge(num_bytes), num_bytes)

    def begin(self, models: Sequence[Model]) -> None:
        """Put down round 0: the untrained models, on no clock."""
        self._models = tuple(models)
        self._put_down(num_participants=0, merged=(), evaluates=True)

    def end_round(
        self,
        models: Sequence[Model],
        *,
        merged: Sequence[Merged],
        num_participants: int,
        num_samples: int,
        evaluates: bool | None,
    ) -> None:
        """Close the round at the present time, after `num_samples` more training samples.

        `evaluates=None` evaluates when the budget's next evaluation is due.
        """
        self._models = tuple(models)
        self._num_samples += num_samples
        if evaluates is None:
            evaluates = self._is_evaluation_due()
        for member in self.members:
            member.wait_until(self.env.now)
        self._put_down(num_participants=num_participants, merged=merged, evaluates=evaluates)
        self._on_round(min(1.0, self._spent_fraction()))

    def _spent_fraction(self) -> float:
        return self._num_samples / (self.budget.num_epochs * self.workload.total_samples)

    def _is_evaluation_due(self) -> bool:
        due = int(min(1.0, self._spent_fraction()) * self.budget.num_evaluations)
        if due <= self._num_evaluations:
            return False
        self._num_evaluations = due
        return True

    def _put_down(
        self, *, num_participants: int, merged: Sequence[Merged], evaluates: bool
    ) -> None:
        feedback = tuple(one.feedback for one in merged)
        self.trace.rounds.append(
            Round(
                round=self.trace.round,
                start_sim_s=self._round_start_sim_s,
                end_sim_s=self.env.now,
                num_participants=num_participants,
                num_samples=self._num_samples,
                num_bytes=self._num_bytes,
                partner_sim_s=self.trace.take_partner_sim_s(),
                feedback=feedback,
                evaluation=self.learner.evaluate(self._models) if evaluates else None,
            )
        )
        self.trace.round += 1
        self._round_start_sim_s = self.env.now
