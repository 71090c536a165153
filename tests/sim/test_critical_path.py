"""Schedules drawn by hand, and the path that explains when each round ended."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.critical_path import NOBODY, Segment, Waiting, critical_path, critical_paths, waited_for
from sim.trace import Span


def span(actor: str, kind: str, start_sim_s: float, end_sim_s: float) -> Span:
    return (1, actor, kind, start_sim_s, end_sim_s, 0.0)


def told(path: list[Segment]) -> list[tuple[str, str, float, float]]:
    return [(one.actor, one.kind, one.start_sim_s, one.end_sim_s) for one in path]


# north: download 0-1, compute 1-3, upload 3-4, merged 4-6, waits until 9
# west:  download 0-1.5, compute 1.5-4.5, upload 4.5-5, in the queue 5-6, merged 6-8, sends on 8-9
FEDERATED = [
    span("north", "transfer", 0, 1),
    span("north", "compute", 1, 3),
    span("west", "transfer", 0, 1.5),
    span("west", "compute", 1.5, 4.5),
    span("north", "transfer", 3, 4),
    span("north", "merge", 4, 6),
    span("proxy", "merge", 4, 6),
    span("west", "transfer", 4.5, 5),
    span("west", "queue", 5, 6),
    span("west", "merge", 6, 8),
    span("proxy", "merge", 6, 8),
    span("west", "transfer", 8, 9),
    span("north", "wait", 6, 9),
]


def test_a_queue_is_explained_by_what_the_machine_did() -> None:
    # back from 9: west sends; before that the proxy merges west's update, from 6, and north's, from
    # 4; north's upload ends at 4, and the rest is north's
    assert told(critical_path(FEDERATED, 0, 9)) == [
        ("north", "transfer", 0, 1),
        ("north", "compute", 1, 3),
        ("north", "transfer", 3, 4),
        ("proxy", "merge", 4, 8),
        ("west", "transfer", 8, 9),
    ]


def test_waiting_is_for_whom_the_path_names() -> None:
    path = critical_path(FEDERATED, 0, 9)
    # north waits 6-9: until 8 for the proxy, then for west
    assert waited_for(FEDERATED, path) == [
        Waiting(waiter="north", actor="proxy", kind="merge", wait_sim_s=2),
        Waiting(waiter="north", actor="west", kind="transfer", wait_sim_s=1),
    ]


def test_all_wait_for_the_slowest_before_a_collective() -> None:
    spans = [
        span("north", "compute", 0, 1),
        span("west", "compute", 0, 4),
        span("north", "wait", 1, 4),
        span("north", "transfer", 4, 6),
        span("west", "transfer", 4, 6),
    ]
    path = critical_path(spans, 0, 6)
    # north's transfer is the first in the trace; nothing of north ends at 4, so west goes on
    assert told(path) == [("west", "compute", 0, 4), ("north", "transfer", 4, 6)]
    assert waited_for(spans, path) == [
        Waiting(waiter="north", actor="west", kind="compute", wait_sim_s=3)
    ]


def test_the_same_actor_goes_first() -> None:
    spans = [
        span("east", "compute", 0, 2),
        span("west", "compute", 0, 2),
        span("west", "transfer", 2, 3),
    ]
    assert told(critical_path(spans, 0, 3)) == [
        ("west", "compute", 0, 2),
        ("west", "transfer", 2, 3),
    ]


def test_a_stretch_at_whose_end_nothing_ends_is_nobodys() -> None:
    # the proxy closes the round at its deadline, 5; west would have gone on until 7
    spans = [span("north", "compute", 0, 3), span("west", "compute", 0, 7)]
    assert told(critical_path(spans, 0, 5)) == [("north", "compute", 0, 3), (NOBODY, "wait", 3, 5)]
    assert told(critical_path([], 2, 5)) == [(NOBODY, "wait", 2, 5)]


@pytest.mark.parametrize("kind", ["merge", "queue", "down"])
def test_what_a_partner_undergoes_counts_where_no_work_ends(kind: str) -> None:
    spans = [span("west", kind, 0, 2), span("west", "compute", 2, 3)]
    assert told(critical_path(spans, 0, 3))[0] == ("west", kind, 0, 2)
    spans += [span("north", "compute", 0, 2)]
    assert told(critical_path(spans, 0, 3))[0] == ("north", "compute", 0, 2)


def test_rounds_cut_a_span_that_began_before() -> None:
    spans = [span("west", "compute", 0, 5), span("north", "compute", 0, 2)]
    assert [told(path) for path in critical_paths(spans, [(0, 2), (2, 5)])] == [
        [("north", "compute", 0, 2)],
        [("west", "compute", 2, 5)],
    ]


def test_a_waiting_of_many_rounds_is_one_row() -> None:
    spans = [
        span("west", "compute", 0, 2),
        span("north", "wait", 0, 2),
        span("west", "compute", 3, 7),
        span("east", "compute", 2, 3),
        span("north", "wait", 2, 7),
    ]
    path = [part for one in critical_paths(spans, [(0, 2), (2, 7)]) for part in one]
    # for west 2 of round 1 and 4 of round 2, for east 1
    assert waited_for(spans, path) == [
        Waiting(waiter="north", actor="west", kind="compute", wait_sim_s=6),
        Waiting(waiter="north", actor="east", kind="compute", wait_sim_s=1),
    ]


def test_sums_of_floats_meet() -> None:
    assert 0.1 + 0.2 != 0.3
    spans = [span("west", "compute", 0, 0.1 + 0.2), span("west", "transfer", 0.3, 0.5)]
    assert told(critical_path(spans, 0, 0.5)) == [
        ("west", "compute", 0, 0.3),
        ("west", "transfer", 0.3, 0.5),
    ]


spans_of_a_run = st.lists(
    st.tuples(
        st.just(1),
        st.sampled_from(["north", "west", "proxy"]),
        st.sampled_from(["compute", "transfer", "queue", "merge", "down"]),
        st.integers(0, 12),
        st.integers(0, 12),
        st.just(0.0),
    ).filter(lambda one: one[3] <= one[4]),
    max_size=20,
)


@given(spans=spans_of_a_run, cuts=st.sets(st.integers(1, 11), max_size=3))
def test_a_path_tiles_the_time_and_so_splits_all_waiting(spans: list[Span], cuts: set[int]) -> None:
    times = [0, *sorted(cuts), 12]
    paths = critical_paths(spans, itertools.pairwise(times))
    path = [segment for one in paths for segment in one]
    assert [one.start_sim_s for one in path] == [0, *(one.end_sim_s for one in path[:-1])]
    assert path[-1].end_sim_s == 12 and all(one.start_sim_s < one.end_sim_s for one in path)
    waits = [span("east", "wait", 1, 5), span("east", "wait", 7, 12)]
    assert sum(one.wait_sim_s for one in waited_for(waits, path)) == 4 + 5


@given(spans=spans_of_a_run)
def test_what_is_on_the_path_happened(spans: list[Span]) -> None:
    for segment in critical_path(spans, 0, 12):
        inside = [one for one in spans if one[1:3] == (segment.actor, segment.kind)]
        assert segment.actor == NOBODY or all(
            any(one[3] <= second and second + 1 <= one[4] for one in inside)
            for second in range(int(segment.start_sim_s), int(segment.end_sim_s))
        )
