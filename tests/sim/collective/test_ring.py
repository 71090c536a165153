"""The ring moves the least bytes, and sums."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.collective import Phase
from sim.collective.algorithms import sent_bytes
from sim.collective.ring import ring
from tests.sim.collective.contributions import allreduced
from tests.sim.collective.equal_links import time_sim_s


def test_three_members_send_a_third_four_times() -> None:
    assert ring(3, 600.0) == (
        Phase(
            num_steps=4,  # two to reduce and scatter, two to gather
            num_latencies=4.0,
            sends=((0, 1), (1, 2), (2, 0)),
            num_bytes=200.0,
        ),
    )


def test_time_of_three_members() -> None:
    # 4 steps of (0.5 s latency + 200 bytes / 100 bytes/s = 2 s) = 10 s
    assert time_sim_s(ring(3, 600.0), 0.5, 100.0) == pytest.approx(10.0)


def test_one_member_sends_nothing() -> None:
    assert ring(1, 600.0) == ()


@pytest.mark.parametrize("num_members", range(1, 18))
def test_everyone_ends_with_the_sum(num_members: int) -> None:
    held = allreduced(ring(num_members, 720_720.0), num_members, 720_720.0)
    assert held == [frozenset(range(num_members))] * num_members


@given(num_members=st.integers(2, 600), num_bytes=st.just(0.0) | st.floats(1e-3, 1e12))
def test_everyone_sends_the_least_possible(num_members: int, num_bytes: float) -> None:
    least = 2 * (num_members - 1) / num_members * num_bytes  # Patarasuk & Yuan (2009)
    sent = sent_bytes(ring(num_members, num_bytes), num_members)
    assert sent == pytest.approx([least] * num_members)
