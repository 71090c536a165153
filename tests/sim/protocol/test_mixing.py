"""Mixing: graphs and weights that average."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.protocol.mixing import (
    GRAPHS,
    Graph,
    check_graph,
    fixed_graph,
    graph_of,
    metropolis_hastings,
    random_matching,
)
from sim.streams import stream


def drawn(kind: str, num_partners: int, num_neighbours: int = 3) -> Graph:
    return fixed_graph(kind, num_partners, num_neighbours, stream(0, "test"))


def second_largest(weights: np.ndarray) -> float:
    """Return how much of the distance from the mean is left after a round, at worst."""
    return float(np.sort(np.abs(np.linalg.eigvalsh(weights)))[-2])


def test_graphs_by_hand() -> None:
    assert drawn("ring", 4) == ((1, 3), (0, 2), (1, 3), (0, 2))
    assert drawn("ring", 2) == ((1,), (0,))
    assert drawn("complete", 3) == ((1, 2), (0, 2), (0, 1))
    assert drawn("hypercube", 4) == ((1, 2), (0, 3), (0, 3), (1, 2))


@pytest.mark.parametrize("kind", ["ring", "complete", "hypercube"])
def test_one_partner_is_alone(kind: str) -> None:
    assert drawn(kind, 1) == ((),)


@pytest.mark.parametrize("num_partners", [4, 9, 20])
def test_random_graphs_are_regular_and_connected(num_partners: int) -> None:
    graph = drawn("random", num_partners, 2 if num_partners % 2 else 3)
    assert {len(neighbours) for neighbours in graph} == {2 if num_partners % 2 else 3}
    assert second_largest(metropolis_hastings(graph)) < 1 - 1e-6


@pytest.mark.parametrize("num_partners", [1, 2, 5, 8])
def test_a_matching_pairs_all_but_one(num_partners: int) -> None:
    graph = random_matching(num_partners, stream(0, "test"))
    assert sum(len(neighbours) for neighbours in graph) == num_partners - num_partners % 2
    assert all(len(neighbours) <= 1 for neighbours in graph)
    assert all(graph[two] == (one,) for one, those in enumerate(graph) for two in those)


def test_all_pairs_are_equally_likely() -> None:
    rng = stream(0, "test")
    partner_of_0 = [random_matching(4, rng)[0][0] for _ in range(3000)]
    # each of three with probability 1/3: 1000 expected, standard deviation √(3000 · 1/3 · 2/3) = 26
    assert np.bincount(partner_of_0, minlength=4) == pytest.approx([0, 1000, 1000, 1000], abs=100)


def test_weights_by_hand() -> None:
    # a path of three: 0 - 1 - 2; the one in the middle has degree 2, so both edges weigh 1 / 3
    weights = metropolis_hastings(((1,), (0, 2), (1,)))
    assert weights == pytest.approx(np.array([[2, 1, 0], [1, 1, 1], [0, 1, 2]]) / 3)


@pytest.mark.parametrize("num_partners", [1, 2, 7])
def test_a_complete_graph_has_uniform_weights(num_partners: int) -> None:
    weights = metropolis_hastings(drawn("complete", num_partners))
    assert weights == pytest.approx(np.full((num_partners, num_partners), 1 / num_partners))


@given(data=st.data(), num_partners=st.integers(1, 8))
def test_weights_are_doubly_stochastic_on_any_graph(data: st.DataObject, num_partners: int) -> None:
    someone = st.integers(0, num_partners - 1)
    graph = graph_of(num_partners, data.draw(st.lists(st.tuples(someone, someone), max_size=20)))
    weights = metropolis_hastings(graph)
    assert (weights >= 0).all()
    assert weights == pytest.approx(weights.T)
    assert weights.sum(axis=0) == pytest.approx(np.ones(num_partners))
    assert [set(np.flatnonzero(row)) - {one} for one, row in enumerate(weights)] == [
        set(neighbours) for neighbours in graph
    ]


@pytest.mark.parametrize("num_partners", [3, 4, 16])
def test_the_ring_mixes_as_fast_as_its_eigenvalues_say(num_partners: int) -> None:
    weights = metropolis_hastings(drawn("ring", num_partners))
    # a circulant of thirds has the eigenvalues 1/3 + 2/3 cos(2πk/n)
    angles = 2 * np.pi * np.arange(1, num_partners) / num_partners
    expected = np.abs(1 / 3 + 2 / 3 * np.cos(angles)).max()
    assert second_largest(weights) == pytest.approx(expected, abs=1e-12)
    assert expected < 1


def test_a_hypercube_has_its_spectral_gap() -> None:
    # d dimensions: eigenvalues 1 − 2k / (d + 1), so the second largest is 1 − 2 / (d + 1)
    assert second_largest(metropolis_hastings(drawn("hypercube", 8))) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("kind", "num_partners", "num_neighbours", "message"),
    [
        ("hypercube", 6, 1, r"a power of two as number of partners, got 6; try mode.graph=ring"),
        ("random", 4, 4, r"less than the 4 partners, got 4; try mode.graph=complete"),
        ("random", 5, 3, r"even among 5 partners, got 3; try mode.num_neighbours=2"),
        ("random", 5, 1, r"at least 2 to join 5 partners, got 1; try mode.num_neighbours=2"),
    ],
)
def test_refuses(kind: str, num_partners: int, num_neighbours: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_graph(kind, num_partners, num_neighbours)


@pytest.mark.parametrize("kind", [kind for kind in GRAPHS if kind != "random"])
def test_num_neighbours_is_for_random_graphs(kind: str) -> None:
    check_graph(kind, 4, 9)
