"""Attempts end when a machine they need breaks down, and take all that is under way with them."""

import numpy as np
import pytest
import simpy

from sim.machine import Machine
from sim.network import Network
from sim.presence import Presence, Steps
from sim.route import Route
from tests.sim.conftest import partner


class Place:
    """Machines a and b, and a server, at 100 bytes/s without latency; and a log of what happens."""

    def __init__(self) -> None:
        self.env = simpy.Environment()
        self.network = Network(self.env, np.random.default_rng(0))
        self.presence = Presence(self.env, self.network)
        self.a, self.b, self.server = (
            Machine(self.env, name, partner(name, latency_sim_s=0.0), 1.0)
            for name in ("a", "b", "server")
        )
        self.server.is_server = True
        self.log: list[tuple[float, object]] = []

    def at(self, time_sim_s: float, act) -> None:
        """Do something later."""
        self.env.timeout(time_sim_s).callbacks.append(lambda _event: act())

    def work(self, num_sim_s: float) -> Steps:
        """Do something that takes its time."""
        yield self.env.timeout(num_sim_s)
        self.log.append((self.env.now, "worked"))

    def send(self, source: Machine, target: Machine, num_bytes: float) -> Steps:
        """Send a message."""
        route = Route([source.uplink, target.downlink])
        has_arrived = yield self.network.transfer(num_bytes, route)
        self.log.append((self.env.now, has_arrived))

    def note(self, attempt: simpy.Process) -> None:
        """Log the value of an attempt when it is over."""
        assert attempt.callbacks is not None
        attempt.callbacks.append(lambda event: self.log.append((self.env.now, event.value)))

    def attempt(self, machines: list[Machine], steps: Steps) -> simpy.Process:
        """Begin an attempt, and log when it is over."""
        attempt = self.presence.attempt(machines, steps)
        self.note(attempt)
        return attempt


@pytest.fixture
def place() -> Place:
    return Place()


def test_an_attempt_comes_to_its_end(place: Place) -> None:
    place.attempt([place.a], place.work(3))
    place.env.run()
    assert place.log == [(3, "worked"), (3, True)]
    assert not place.a.attempts


def test_an_attempt_ends_when_a_machine_it_needs_breaks_down(place: Place) -> None:
    place.attempt([place.a, place.b], place.work(3))
    place.at(1, lambda: place.presence.break_down(place.b))
    place.env.run()
    assert place.log == [(1, False)]
    assert not place.a.attempts and not place.b.attempts


def test_another_machine_does_not_matter(place: Place) -> None:
    place.attempt([place.a], place.work(3))
    place.at(1, lambda: place.presence.break_down(place.b))
    place.env.run()
    assert place.log == [(3, "worked"), (3, True)]


def test_an_attempt_with_a_machine_that_is_down_does_not_begin(place: Place) -> None:
    place.presence.break_down(place.b)
    place.attempt([place.a, place.b], place.work(3))
    place.env.run()
    assert place.log == [(0, False)]


def test_who_is_withdrawn_ends_what_it_is_doing(place: Place) -> None:
    place.attempt([place.a], place.work(3))
    place.at(1, lambda: place.presence.withdraw(place.a))
    place.at(4, lambda: place.attempt([place.a], place.work(1)))
    place.env.run()
    assert place.log == [(3, "worked"), (3, True), (4, False)]


def test_a_breakdown_stops_what_is_under_way_on_its_links(place: Place) -> None:
    place.attempt([place.a, place.server], place.send(place.a, place.server, 400))
    place.attempt([place.b, place.server], place.send(place.b, place.server, 400))
    place.at(2, lambda: place.presence.break_down(place.a))
    place.env.run()
    # each has 50 bytes/s for 2 s, then b has all of it: 300 bytes in 3 s
    assert place.log == [(2, False), (5, True), (5, True)]
    assert place.server.downlink.carried_bytes == pytest.approx(500)
    assert place.network.sent_bytes == pytest.approx(500)


def test_a_partner_whose_attempt_is_abandoned_stops_and_the_server_goes_on(place: Place) -> None:
    attempt = place.attempt([place.a, place.server], place.send(place.a, place.server, 400))
    place.attempt([place.b, place.server], place.send(place.b, place.server, 400))
    place.at(2, lambda: place.presence.abandon(attempt))
    place.env.run()
    assert place.log == [(2, False), (5, True), (5, True)]
    assert place.a.is_up and place.server.is_up


def test_a_partner_with_another_attempt_goes_on_with_that(place: Place) -> None:
    first = place.attempt([place.a, place.server], place.send(place.a, place.server, 400))
    place.attempt([place.a, place.b], place.send(place.a, place.b, 400))
    place.at(2, lambda: place.presence.abandon(first))
    place.env.run()
    # both share a's uplink all the time: nothing says whose message the first one was
    assert place.log == [(2, False), (8, True), (8, True)]


def test_abandoning_what_is_over_does_nothing(place: Place) -> None:
    attempt = place.attempt([place.a], place.work(1))
    place.at(2, lambda: place.presence.abandon(attempt))
    place.env.run()
    assert place.log == [(1, "worked"), (1, True)]


def test_down_for_two_reasons_is_up_after_both(place: Place) -> None:
    for time_sim_s, act in (
        (1, place.presence.break_down),
        (2, place.presence.withdraw),
        (3, place.presence.repair),
        (5, place.presence.repair),
    ):
        place.at(time_sim_s, lambda act=act: act(place.a))

    def wait() -> Steps:
        yield place.env.timeout(1.5)
        yield from place.presence.until([place.a], 1)
        place.log.append((place.env.now, "up"))

    place.env.process(wait())
    place.env.run()
    assert place.log == [(5, "up")]


def test_waiting_for_some_of_several(place: Place) -> None:
    everyone = [place.a, place.b, place.server]
    for machine in everyone:
        place.presence.break_down(machine)
    for time_sim_s, machine in enumerate(everyone, start=1):
        place.at(time_sim_s, lambda machine=machine: place.presence.repair(machine))

    def wait(num_up: int) -> Steps:
        yield from place.presence.until(everyone, num_up)
        place.log.append((place.env.now, num_up))

    for num_up in (3, 2, 1, 0):
        place.env.process(wait(num_up))
    place.env.run()
    assert place.log == [(0, 0), (1, 1), (2, 2), (3, 3)]


@pytest.mark.parametrize(
    ("num_wanted", "expected_sim_s"),
    [(1, 2), (2, 4), (3, 4.5)],  # a's ends at 1 in vain, so there are never 3: all are over at 4.5
)
def test_the_first_of_several(place: Place, num_wanted: int, expected_sim_s: float) -> None:
    attempts = [
        place.presence.attempt([place.a], place.work(9)),
        place.presence.attempt([place.b], place.work(2)),
        place.presence.attempt([place.server], place.work(4)),
        place.presence.attempt([], place.work(5)),
    ]
    place.at(1, lambda: place.presence.break_down(place.a))
    place.at(4.5, lambda: place.presence.abandon(attempts[3]))
    event = place.presence.first_of(attempts, num_wanted)
    place.env.run(event)
    assert place.env.now == expected_sim_s
