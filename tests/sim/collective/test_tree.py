"""The binomial tree: up to member 0 and back down."""

import pytest

from sim.collective.algorithms import sent_bytes
from sim.collective.step import step
from sim.collective.tree import tree
from tests.sim.collective.contributions import allreduced
from tests.sim.collective.equal_links import time_sim_s


def test_five_members() -> None:
    assert tree(5, 100.0) == (
        step([(1, 0), (3, 2)], 100.0),
        step([(2, 0)], 100.0),
        step([(4, 0)], 100.0),
        step([(0, 4)], 100.0),
        step([(0, 2)], 100.0),
        step([(0, 1), (2, 3)], 100.0),
    )


def test_bytes_and_time_of_five_members() -> None:
    phases = tree(5, 100.0)
    # member 0 sends to 1, 2 and 4; member 2 to 0 and 3; the others to their parent
    assert sent_bytes(phases, 5) == [300.0, 100.0, 200.0, 100.0, 100.0]
    # 2 * 3 steps of (0.5 s + 100 bytes / 100 bytes/s)
    assert time_sim_s(phases, 0.5, 100.0) == pytest.approx(9.0)


@pytest.mark.parametrize("num_members", range(1, 18))
def test_everyone_ends_with_the_sum(num_members: int) -> None:
    held = allreduced(tree(num_members, 100.0), num_members, 100.0)
    assert held == [frozenset(range(num_members))] * num_members


def test_one_member_sends_nothing() -> None:
    assert tree(1, 100.0) == ()
