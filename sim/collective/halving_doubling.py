"""Owns Rabenseifner's allreduce: reduce-scatter by halving, then allgather by doubling.

Rabenseifner (2004); costs in Thakur, Rabenseifner & Gropp (2005). Partners next to each other swap
halves first, so that the longest messages stay among members with near numbers.
"""

from sim.collective import Phase
from sim.collective.power_of_two import distances, exchange, folded


def halving_doubling(num_members: int, num_bytes: float) -> tuple[Phase, ...]:
    """Return exchanges of a half, a quarter, …, `1/p` of the bytes, and the same ones backwards.

    Equal links with latency α and bandwidth β take `2 log2(p) α + 2(p-1)/p * num_bytes / β` where p
    is a power of two; else `2 (α + num_bytes / β)` are added to the time of the largest below p.
    """
    halving = tuple(
        exchange(num_members, distance, num_bytes / (2 * distance))
        for distance in distances(num_members)
    )
    return folded(num_members, num_bytes, (*halving, *reversed(halving)))
