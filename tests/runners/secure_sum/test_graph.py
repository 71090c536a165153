"""Harary graphs by hand and against networkx."""

import networkx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runners.secure_sum.graph import Neighbours, degree, is_connected, neighbours


def joined(num_parties: int, num_neighbours: int, seed: int = 0) -> Neighbours:
    return neighbours(range(num_parties), num_neighbours, np.random.default_rng(seed))


def as_networkx(graph: Neighbours) -> networkx.Graph:
    return networkx.Graph([(party, one) for party, some in graph.items() for one in some])


def test_degrees_by_hand() -> None:
    # log2 64 = 6; log2 100 = 6.64, times 2 is 13.3, rounded up
    assert [degree(64, 2.0), degree(100, 2.0), degree(1024, 2.0)] == [12, 14, 20]
    assert degree(100, None) == 99
    assert degree(8, 2.0) == 6  # of 7
    assert degree(4, 2.0) == 3  # 4 would be more than all others
    # 2.58 times 0.3 is 0.8, but a ring needs 2
    assert degree(6, 0.3) == 2
    # 3.17 * 1.5 = 4.8 is 5, and with 9 parties 5 each would be 45 ends of edges
    assert degree(9, 1.5) == 6
    assert [degree(1, 2.0), degree(1, None), degree(2, 2.0)] == [0, 0, 1]


def test_a_ring_by_hand() -> None:
    graph = joined(5, 2)
    seats = np.random.default_rng(0).permutation(range(5)).tolist()
    for seat, party in enumerate(seats):
        assert graph[party] == {seats[seat - 1], seats[(seat + 1) % 5]}


@settings(deadline=None)
@given(num_parties=st.integers(3, 30), data=st.data())
def test_it_is_networkxs_harary_graph(num_parties: int, data: st.DataObject) -> None:
    factor = data.draw(st.floats(0.5, 3.0))
    num_neighbours = degree(num_parties, factor)
    graph = joined(num_parties, num_neighbours)
    seats = np.random.default_rng(0).permutation(range(num_parties)).tolist()
    published = networkx.hkn_harary_graph(num_neighbours, num_parties)
    for seat, party in enumerate(seats):
        assert graph[party] == {seats[one] for one in published[seat]}


def test_it_stays_joined_when_fewer_than_its_degree_drop_out() -> None:
    graph = joined(16, 5)
    assert networkx.node_connectivity(as_networkx(graph)) == 5


def test_everyone_is_everyones_neighbour_where_the_degree_allows() -> None:
    parties = [3, 7, 11]
    graph = neighbours(parties, 2, np.random.default_rng(0))
    assert graph == {3: {7, 11}, 7: {3, 11}, 11: {3, 7}}


def test_seats_are_drawn() -> None:
    assert joined(20, 4, seed=1) == joined(20, 4, seed=1)
    assert joined(20, 4, seed=1) != joined(20, 4, seed=2)


@pytest.mark.parametrize("left", [[], [0], [0, 1, 2], [0, 2], [0, 1, 3, 4], [5, 0]])
def test_whether_survivors_are_joined(left: list[int]) -> None:
    ring = {party: frozenset({(party - 1) % 6, (party + 1) % 6}) for party in range(6)}
    paths = as_networkx(ring).subgraph(left)
    assert is_connected(left, ring) == (not left or networkx.is_connected(paths))
