"""The star: everyone to member 0 at once, and back."""

import pytest

from sim.collective.algorithms import sent_bytes
from sim.collective.star import broadcast, gather, star
from sim.collective.step import step
from tests.sim.collective.contributions import allreduced
from tests.sim.collective.equal_links import time_sim_s


def test_four_members() -> None:
    assert gather(4, 100.0) == (step([(1, 0), (2, 0), (3, 0)], 100.0),)
    assert broadcast(4, 100.0) == (step([(0, 1), (0, 2), (0, 3)], 100.0),)
    assert star(4, 100.0) == gather(4, 100.0) + broadcast(4, 100.0)


def test_bytes_and_time_of_four_members() -> None:
    phases = star(4, 100.0)
    assert sent_bytes(phases, 4) == [300.0, 100.0, 100.0, 100.0]
    # member 0 receives, then sends, 300 bytes at 100 bytes/s: 2 (0.5 s + 3 s)
    assert time_sim_s(phases, 0.5, 100.0) == pytest.approx(7.0)


@pytest.mark.parametrize("num_members", range(1, 18))
def test_everyone_ends_with_the_sum(num_members: int) -> None:
    held = allreduced(star(num_members, 100.0), num_members, 100.0)
    assert held == [frozenset(range(num_members))] * num_members


def test_one_member_sends_nothing() -> None:
    assert gather(1, 100.0) == broadcast(1, 100.0) == star(1, 100.0) == ()
