"""Recursive doubling: whole vectors, ever further away."""

import pytest

from sim.collective.algorithms import sent_bytes
from sim.collective.recursive_doubling import recursive_doubling
from sim.collective.step import step
from tests.sim.collective.contributions import allreduced
from tests.sim.collective.equal_links import time_sim_s


def test_five_members() -> None:
    assert recursive_doubling(5, 100.0) == (
        step([(4, 0)], 100.0),
        step([(0, 1), (1, 0), (2, 3), (3, 2)], 100.0),
        step([(0, 2), (1, 3), (2, 0), (3, 1)], 100.0),
        step([(0, 4)], 100.0),
    )


def test_bytes_and_time_of_five_members() -> None:
    phases = recursive_doubling(5, 100.0)
    # member 0 sends twice in the core and once to member 4, which sends once
    assert sent_bytes(phases, 5) == [300.0, 200.0, 200.0, 200.0, 100.0]
    # 4 steps of (0.5 s + 100 bytes / 100 bytes/s)
    assert time_sim_s(phases, 0.5, 100.0) == pytest.approx(6.0)


@pytest.mark.parametrize("num_members", range(1, 18))
def test_everyone_ends_with_the_sum(num_members: int) -> None:
    held = allreduced(recursive_doubling(num_members, 100.0), num_members, 100.0)
    assert held == [frozenset(range(num_members))] * num_members


def test_one_member_sends_nothing() -> None:
    assert recursive_doubling(1, 100.0) == ()
