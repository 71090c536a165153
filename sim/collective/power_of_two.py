"""Owns what the algorithms for powers of two share: pairwise exchange, and the rest folded in.

Only the first `core_size` members exchange. Each other member gives its whole vector to one of them
before, and gets the sum back after (Thakur, Rabenseifner & Gropp 2005); here the last members are
the others, so that the core keeps its numbers.
"""

from sim.collective import Phase
from sim.collective.step import back, step


def core_size(num_members: int) -> int:
    """Return the largest power of two that is not above `num_members`."""
    return 1 << (num_members.bit_length() - 1)


def distances(num_members: int) -> tuple[int, ...]:
    """Return how far apart partners of the core are in one exchange after the other: 1, 2, 4, …"""
    return tuple(1 << exponent for exponent in range(core_size(num_members).bit_length() - 1))


def exchange(num_members: int, distance: int, num_bytes: float) -> Phase:
    """Return the step in which core members that are `distance` apart send to each other."""
    core = range(core_size(num_members))
    return step(((member, member ^ distance) for member in core), num_bytes)


def folded(num_members: int, num_bytes: float, core: tuple[Phase, ...]) -> tuple[Phase, ...]:
    """Return the phases of the core, between a step in and a step out where there are others."""
    size = core_size(num_members)
    if num_members == size:
        return core
    fold_in = step(((other, other - size) for other in range(size, num_members)), num_bytes)
    return (fold_in, *core, back(fold_in))
