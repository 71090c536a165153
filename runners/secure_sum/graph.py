"""Owns who masks with whom: all parties with each other (Bonawitz et al. 2017), or neighbours in a
Harary graph (Bell et al. 2020, SecAgg+).

A Harary graph of degree k is a ring on which each party is joined to the k / 2 next on both sides,
and where k is odd also to the one opposite. Where parties sit on the ring is drawn at random.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import ceil, log2

import numpy as np

Neighbours = Mapping[int, frozenset[int]]


def degree(num_parties: int, factor: float | None) -> int:
    """Return how many neighbours a party has: factor × log2 n, and all others without a factor.

    Odd degrees need an even number of parties; one is added where that is not so.
    """
    everyone = num_parties - 1
    if factor is None or num_parties < 2:
        return everyone
    some = max(2, ceil(factor * log2(num_parties)))
    return min(everyone, some + (some * num_parties) % 2)


def neighbours(parties: Sequence[int], num_neighbours: int, rng: np.random.Generator) -> Neighbours:
    """Return each party's neighbours."""
    if num_neighbours >= len(parties) - 1:
        return {party: frozenset(parties) - {party} for party in parties}
    ring = rng.permutation(parties).tolist()
    ahead = list(range(1, num_neighbours // 2 + 1))
    offsets = [*ahead, *(-offset for offset in ahead)]
    if num_neighbours % 2:
        offsets.append(len(ring) // 2)
    return {
        party: frozenset(ring[(seat + offset) % len(ring)] for offset in offsets)
        for seat, party in enumerate(ring)
    }


def is_connected(parties: Iterable[int], joined: Neighbours) -> bool:
    """Return whether one can go from any of these parties to any other, over these parties only."""
    unseen = set(parties)
    frontier = {unseen.pop()} if unseen else set()
    while frontier:
        reached = {neighbour for party in frontier for neighbour in joined[party]}
        frontier = unseen & reached
        unseen -= frontier
    return not unseen
