"""Owns the allreduce on a binomial tree: reduce to member 0, then broadcast from it.

Thakur, Rabenseifner & Gropp (2005). In a step, a member sends to or receives from one other.
"""

from sim.collective import Phase
from sim.collective.step import back, step


def tree(num_members: int, num_bytes: float) -> tuple[Phase, ...]:
    """Return `ceil(log2(p))` steps of all bytes up the tree, and the same steps back down.

    Equal links with latency α and bandwidth β take `2 ceil(log2(p)) (α + num_bytes / β)`.
    """
    num_levels = (num_members - 1).bit_length()
    up = [_to_parents(num_members, 1 << level, num_bytes) for level in range(num_levels)]
    return (*up, *(back(phase) for phase in reversed(up)))


def _to_parents(num_members: int, distance: int, num_bytes: float) -> Phase:
    """Return the step from those members whose parent is `distance` below."""
    children = range(distance, num_members, 2 * distance)
    return step(((child, child - distance) for child in children), num_bytes)
