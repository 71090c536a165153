"""A cut link carries nothing until the last fault that cut it has mended it."""

import math

import numpy as np
import pytest
import simpy

from sim.fair_share import Link
from sim.network import Network
from sim.outages import Outages
from sim.route import Route
from sim.transfer import Transfer


@pytest.fixture
def env() -> simpy.Environment:
    return simpy.Environment()


@pytest.fixture
def network(env: simpy.Environment) -> Network:
    return Network(env, np.random.default_rng(0))


def a_link(bytes_per_s: float = 10.0) -> Link:
    return Link(name="a", bytes_per_s=bytes_per_s, latency_sim_s=0.0)


def run(env: simpy.Environment, network: Network, link: Link, *acts: tuple[float, object]) -> float:
    """Return when a message of 100 bytes has arrived, with acts at their times."""
    transfer: Transfer = network.transfer(100, Route([link]))
    for time_sim_s, act in acts:
        assert callable(act)
        env.timeout(time_sim_s).callbacks.append(lambda _event, act=act: act())
    env.run(transfer)
    return env.now


def test_a_message_stands_still_while_its_link_is_cut(env, network) -> None:
    link, outages = a_link(), Outages(network)
    acts = [(4.0, lambda: outages.cut(link)), (9.0, lambda: outages.mend(link))]
    # 10 s of sending, and 5 s of standing still.
    assert run(env, network, link, *acts) == pytest.approx(15.0)
    assert link.carried_bytes == 100


def test_two_faults_on_one_link_must_both_be_over(env, network) -> None:
    link, outages = a_link(), Outages(network)
    acts = [
        (1.0, lambda: outages.cut(link)),
        (3.0, lambda: outages.cut(link)),
        (5.0, lambda: outages.mend(link)),
        (8.0, lambda: outages.mend(link)),
    ]
    # 10 s of sending, and from 1 s to 8 s standing still.
    assert run(env, network, link, *acts) == pytest.approx(17.0)


def test_bandwidth_that_changes_meanwhile_counts_from_the_mending_on(env, network) -> None:
    link, outages = a_link(), Outages(network)
    acts = [
        (4.0, lambda: outages.cut(link)),
        (5.0, lambda: outages.set_bandwidth(link, 20.0)),
        (6.0, lambda: outages.mend(link)),
    ]
    # 40 bytes until 4 s, nothing until 6 s, 60 bytes at 20 bytes/s.
    assert run(env, network, link, *acts) == pytest.approx(9.0)


def test_bandwidth_of_a_whole_link_changes_at_once(env, network) -> None:
    link, outages = a_link(), Outages(network)
    # 40 bytes until 4 s, 60 bytes at 30 bytes/s.
    arrival = run(env, network, link, (4.0, lambda: outages.set_bandwidth(link, 30.0)))
    assert arrival == pytest.approx(6.0)


def test_a_gate_without_a_bandwidth_of_its_own_can_be_cut(env, network) -> None:
    link, gate, outages = a_link(), a_link(math.inf), Outages(network)
    messages = [network.transfer(50, Route([link, gate])) for _ in range(2)]
    env.timeout(2.0).callbacks.append(lambda _event: outages.cut(gate))
    env.timeout(7.0).callbacks.append(lambda _event: outages.mend(gate))
    env.run(env.all_of(messages))
    # 100 bytes at 10 bytes/s, and 5 s of standing still.
    assert env.now == pytest.approx(15.0)
    assert gate.carried_bytes == pytest.approx(100)
