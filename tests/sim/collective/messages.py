"""Collectives message by message: slow, and what the coupled transfers are held against.

A member begins a step when the last byte of its messages of the step before has left, and those to
it have arrived (or of the step before that, where two are in flight). A message is sent when its
receiver has begun the step too, as MPI does with long messages (rendezvous); nobody waits for
anybody else.
"""

from collections.abc import Sequence
from copy import copy

import simpy

from sim.collective import Phase
from sim.machine import Machine
from sim.traffic import Traffic


def run_messages(
    env: simpy.Environment, traffic: Traffic, machines: Sequence[Machine], phases: Sequence[Phase]
) -> simpy.Event:
    """Send all messages of the phases; the event comes when everyone has all of theirs."""
    board = _Board(env, traffic, machines)
    return env.all_of(
        [env.process(_member(board, phases, number)) for number in range(len(machines))]
    )


class _Board:
    """Where members tell that they have begun a step, and find the messages sent to them."""

    def __init__(
        self, env: simpy.Environment, traffic: Traffic, machines: Sequence[Machine]
    ) -> None:
        self.env = env
        self._traffic = traffic
        self._machines = machines
        self._events: dict[tuple[object, ...], simpy.Event] = {}

    def event(self, *key: object) -> simpy.Event:
        return self._events.setdefault(key, self.env.event())

    def send(self, num_bytes: float, step: tuple[int, int], sender: int, receiver: int):
        yield self.event("begun", *step, receiver)
        route = self._traffic.route(self._machines[sender], self._machines[receiver])
        line = copy(route)
        line.latency_sim_s = 0.0
        yield self._traffic.network.transfer(num_bytes, line)
        self.env.process(self._arrive(route.latency_sim_s, *step, sender, receiver))

    def _arrive(self, latency_sim_s: float, *message: int):
        yield self.env.timeout(latency_sim_s)
        self.event("arrived", *message).succeed()


def _member(board: _Board, phases: Sequence[Phase], me: int):
    for number, phase in enumerate(phases):
        mine = [send for send in phase.sends if me in send]
        num_in_flight = round(phase.num_steps / phase.num_latencies)
        steps: list[simpy.Event] = []
        for step in range(phase.num_steps if mine else 0):
            if step >= num_in_flight:
                yield steps[step - num_in_flight]
            board.event("begun", number, step, me).succeed()
            steps.append(_step(board, phase.num_bytes, (number, step), mine, me))
        yield board.env.all_of(steps)


def _step(
    board: _Board, num_bytes: float, step: tuple[int, int], mine: list[tuple[int, int]], me: int
) -> simpy.Event:
    sent = [board.env.process(board.send(num_bytes, step, *send)) for send in mine if send[0] == me]
    received = [board.event("arrived", *step, *send) for send in mine if send[1] == me]
    return board.env.all_of([*sent, *received])
