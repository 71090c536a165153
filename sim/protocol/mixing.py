"""Owns who exchanges with whom in gossip, and with which weights neighbours are averaged.

A graph is a tuple with each partner's neighbours, by number; it goes both ways and has no loops.
Weights are a matrix W: partner i takes Σ_j W[i, j] x_j. Metropolis-Hastings weights are symmetric
and doubly stochastic on every graph, so the mean of all models stays what it is (Xiao, Boyd & Kim
2007, section 4.2).
"""

from collections.abc import Iterable

import numpy as np

Edge = tuple[int, int]
Graph = tuple[tuple[int, ...], ...]

GRAPHS = ("ring", "complete", "hypercube", "random", "matching")


def check_graph(kind: str, num_partners: int, num_neighbours: int) -> None:
    """Raise ValueError where there is no such graph of so many partners."""
    if kind == "hypercube" and num_partners & (num_partners - 1):
        raise ValueError(
            "mode.graph=hypercube needs a power of two as number of partners, "
            f"got {num_partners}; try mode.graph=ring"
        )
    if kind != "random":
        return
    if num_neighbours >= num_partners:
        raise ValueError(
            f"mode.num_neighbours must be less than the {num_partners} partners, "
            f"got {num_neighbours}; try mode.graph=complete"
        )
    if num_neighbours == 1 and num_partners > 2:
        raise ValueError(
            f"mode.num_neighbours must be at least 2 to join {num_partners} partners, got 1; "
            "try mode.num_neighbours=2, or mode.graph=matching for pairs that change"
        )
    if num_neighbours * num_partners % 2:
        raise ValueError(
            f"mode.num_neighbours must be even among {num_partners} partners, "
            f"got {num_neighbours}; try mode.num_neighbours={num_neighbours - 1}"
        )


def fixed_graph(
    kind: str, num_partners: int, num_neighbours: int, rng: np.random.Generator
) -> Graph:
    """Return a graph that stays: all but `matching`; `random` is connected, all with equal
    degrees.
    """
    everyone = range(num_partners)
    if kind == "ring":
        return graph_of(num_partners, [(one, (one + 1) % num_partners) for one in everyone])
    if kind == "complete":
        return graph_of(num_partners, [(one, two) for one in everyone for two in range(one)])
    if kind == "hypercube":
        bits = [1 << bit for bit in range((num_partners - 1).bit_length())]
        return graph_of(num_partners, [(one, one ^ bit) for one in everyone for bit in bits])
    return _random_graph(num_partners, num_neighbours, rng)


def random_matching(num_partners: int, rng: np.random.Generator) -> Graph:
    """Return random pairs, all equally likely; one partner stays alone where the number is odd."""
    order = rng.permutation(num_partners).tolist()
    return graph_of(num_partners, zip(order[::2], order[1::2], strict=False))


def graph_of(num_partners: int, edges: Iterable[Edge]) -> Graph:
    """Return the graph with these edges, each named once or twice; loops are left out."""
    neighbours: list[set[int]] = [set() for _ in range(num_partners)]
    for one, two in edges:
        if one != two:
            neighbours[one].add(two)
            neighbours[two].add(one)
    return tuple(tuple(sorted(those)) for those in neighbours)


def metropolis_hastings(graph: Graph) -> np.ndarray:
    """Return the weights, (num_partners, num_partners): 1 / (1 + the larger degree) for neighbours,
    what is left for oneself.

    A partner without neighbours keeps what it has; on a complete graph all weights are 1 / n.
    """
    weights = np.zeros((len(graph), len(graph)))
    for one, neighbours in enumerate(graph):
        for two in neighbours:
            weights[one, two] = 1 / (1 + max(len(neighbours), len(graph[two])))
        weights[one, one] = 1 - weights[one].sum()
    return weights


def _random_graph(num_partners: int, num_neighbours: int, rng: np.random.Generator) -> Graph:
    """Draw until the graph is connected, which few draws are not for 3 neighbours and more."""
    import networkx

    while True:
        seed = int(rng.integers(2**32))
        drawn = networkx.random_regular_graph(num_neighbours, num_partners, seed=seed)
        if networkx.is_connected(drawn):
            return graph_of(num_partners, drawn.edges)
