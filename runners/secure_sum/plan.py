"""Owns what all parties of a pairwise-masked sum know before it begins."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil

from runners.secure_sum.graph import Neighbours

LEAST_THRESHOLD = 2  # with one, a single party could unmask another


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """Say that entries are modulo 2**bits, who masks with whom, and which fraction of the holders
    of a secret's shares can recover it.
    """

    bits: int
    neighbours: Neighbours
    threshold_fraction: float

    def holders(self, owner: int) -> list[int]:
        """Return who holds a share of the owner's secrets: its neighbours and itself."""
        return sorted({owner, *self.neighbours[owner]})

    def threshold(self, owner: int) -> int:
        """Return how many holders can recover the owner's secrets."""
        return threshold(len(self.neighbours[owner]) + 1, self.threshold_fraction)

    def lacks_holders(self, owner: int, survivors: Iterable[int]) -> bool:
        """Return whether the survivors are too few to recover the owner's secrets."""
        return len(set(survivors).intersection(self.holders(owner))) < self.threshold(owner)


def threshold(num_holders: int, fraction: float) -> int:
    """Return t, the fraction of the holders rounded up, at least 2."""
    return max(LEAST_THRESHOLD, ceil(fraction * num_holders))


def place(party: int) -> int:
    """Return where a party's share lies on the polynomial; 0 is the secret's place."""
    return party + 1


def sign(party: int, neighbour: int) -> int:
    """Return whether the party adds the mask it shares with the neighbour, 1, or subtracts it."""
    return 1 if party < neighbour else -1
