"""Owns who is up: attempts that end when a machine they need breaks down, and waiting for a return.

A mode runs whatever can fail as an attempt. Its value says whether it came to its end; all that it
had under way is then stopped, so that nothing hangs and nothing goes on in secret. A machine may be
down for several reasons at once (a fault while it is not available); it is up when none is left.
"""

from collections.abc import Callable, Generator, Sequence
from functools import partial
from itertools import repeat
from typing import Any

import simpy

from sim.machine import Machine
from sim.network import Network

Steps = Generator[simpy.Event, Any, Any]
"""What a SimPy process yields."""

Size = Callable[[], int]


class Presence:
    """Take machines down and up, and tell those who wait for that."""

    def __init__(self, env: simpy.Environment, network: Network) -> None:
        self._env = env
        self._network = network
        self._changed = env.event()
        self._num_reasons: dict[Machine, int] = {}  # to be down

    def attempt(self, machines: Sequence[Machine], steps: Steps) -> simpy.Process:
        """Run `steps` as a process that needs `machines`; its value is False when one of them
        breaks down first, or is down already.
        """
        return self._env.process(self._attempt(machines, steps))

    def first_of(
        self,
        attempts: Sequence[simpy.Process],
        num_wanted: int,
        sizes: Sequence[Size] | None = None,
    ) -> simpy.Event:
        """Return the event of `num_wanted` attempts having come to their end, or all being over;
        one that does counts as one, or as its size then.
        """
        enough = self._env.event()
        missing, running = num_wanted, len(attempts)

        def count(size: Size, attempt: simpy.Event) -> None:
            nonlocal missing, running
            running -= 1
            missing -= size() if attempt.value else 0
            if not enough.triggered and (missing <= 0 or running == 0):
                enough.succeed()

        for attempt, size in zip(attempts, sizes or repeat(lambda: 1), strict=False):
            assert attempt.callbacks is not None, "an attempt takes at least one event"
            attempt.callbacks.append(partial(count, size))
        return enough

    def abandon(self, attempt: simpy.Process) -> None:
        """End an attempt that takes too long; its value is then False."""
        if attempt.is_alive:
            attempt.interrupt()

    def break_down(self, machine: Machine) -> None:
        """Take a machine down at once, with all that it is doing."""
        self._halt(machine)
        self.withdraw(machine)
        for attempt in list(machine.attempts):
            self.abandon(attempt)

    def withdraw(self, machine: Machine) -> None:
        """Take a machine out after what it is doing."""
        self._num_reasons[machine] = self._num_reasons.get(machine, 0) + 1
        if machine.is_up:
            machine.set_up(False)
            self._tell()

    def repair(self, machine: Machine) -> None:
        """Undo one breakdown or withdrawal; the last one brings the machine back."""
        self._num_reasons[machine] -= 1
        if self._num_reasons[machine] == 0:
            machine.set_up(True)
            self._tell()

    def until(self, machines: Sequence[Machine], num_up: int) -> Steps:
        """Wait until at least `num_up` of the machines are up."""
        while sum(machine.is_up for machine in machines) < num_up:
            yield self._changed

    def _attempt(self, machines: Sequence[Machine], steps: Steps) -> Steps:
        if not all(machine.is_up for machine in machines):
            steps.close()
            return False
        attempt = self._env.active_process
        assert attempt is not None
        for machine in machines:
            machine.attempts[attempt] = None
        try:
            yield from steps
        except simpy.Interrupt:
            self._halt_what_is_mine(machines)
            return False
        finally:
            for machine in machines:
                machine.attempts.pop(attempt, None)
        return True

    def _halt_what_is_mine(self, machines: Sequence[Machine]) -> None:
        """Stop the machines that have nothing else to do; a server goes on for others."""
        for machine in machines:
            if not machine.is_server and len(machine.attempts) == 1:
                self._halt(machine)

    def _halt(self, machine: Machine) -> None:
        machine.stop()
        self._network.clear(machine.links)

    def _tell(self) -> None:
        changed, self._changed = self._changed, self._env.event()
        changed.succeed()
