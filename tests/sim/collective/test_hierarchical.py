"""Hierarchical: to the leaders, around the ring of leaders, back."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.collective import Phase
from sim.collective.algorithms import sent_bytes
from sim.collective.hierarchical import hierarchical
from sim.collective.ring import ring
from sim.collective.star import star
from sim.collective.step import step
from tests.sim.collective.contributions import allreduced
from tests.sim.collective.equal_links import time_sim_s

Sites = tuple[tuple[int, ...], ...]


@st.composite
def divided(draw: st.DrawFn) -> tuple[int, Sites]:
    """Draw up to 17 members in any order and where one site ends and the next begins."""
    order = draw(st.permutations(range(draw(st.integers(1, 17)))))
    ends = draw(st.lists(st.booleans(), min_size=len(order), max_size=len(order)))
    sites: list[list[int]] = [[]]
    for member, is_end in zip(order, ends, strict=True):
        sites[-1].append(member)
        if is_end:
            sites.append([])
    return len(order), tuple(tuple(site) for site in sites if site)


def test_six_members_in_three_sites() -> None:
    leaders = Phase(num_steps=4, num_latencies=4.0, sends=((0, 4), (4, 3), (3, 0)), num_bytes=200)
    assert hierarchical(6, 600, ((0, 1, 2), (4, 5), (3,))) == (
        step([(1, 0), (2, 0), (5, 4)], 600),
        leaders,
        step([(0, 1), (0, 2), (4, 5)], 600),
    )


def test_bytes_and_time_of_six_members_in_three_sites() -> None:
    phases = hierarchical(6, 600, ((0, 1, 2), (4, 5), (3,)))
    # leaders: 4 * 200 in the ring, and 600 to each of the others of their site
    assert sent_bytes(phases, 6) == [2000.0, 600.0, 600.0, 800.0, 1400.0, 600.0]
    # 2 (0.5 s + 2 * 600 bytes / 100 bytes/s) = 25 s, ring 4 (0.5 s + 200 / 100 s) = 10 s
    assert time_sim_s(phases, 0.5, 100.0) == pytest.approx(35.0)


def test_sites_of_one_member_are_a_ring() -> None:
    assert hierarchical(3, 600, ((0,), (1,), (2,))) == ring(3, 600)


def test_one_site_is_a_star() -> None:
    assert hierarchical(3, 600, ((0, 1, 2),)) == star(3, 600)


def test_one_member_sends_nothing() -> None:
    assert hierarchical(1, 600, ((0,),)) == ()


@given(divided())
def test_everyone_ends_with_the_sum(drawn: tuple[int, Sites]) -> None:
    num_members, sites = drawn
    held = allreduced(hierarchical(num_members, 720_720, sites), num_members, 720_720)
    assert held == [frozenset(range(num_members))] * num_members


@pytest.mark.parametrize(
    ("sites", "got"),
    [
        (((0, 1),), "((0, 1),)"),  # 2 is nowhere
        (((0, 1), (1, 2)), "((0, 1), (1, 2))"),  # 1 is twice
        (((0, 1, 2), (3,)), "((0, 1, 2), (3,))"),  # 3 is no member
        (((0, 1, 2), ()), "((0, 1, 2), ())"),
    ],
)
def test_sites_must_hold_every_member_once(sites: Sites, got: str) -> None:
    message = f"each of the 3 members once and none may be empty, got {got}; name everyone"
    with pytest.raises(ValueError, match=re.escape(message)):
        hierarchical(3, 600, sites)
