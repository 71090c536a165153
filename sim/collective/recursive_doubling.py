"""Owns the allreduce by recursive doubling: everyone swaps whole vectors, ever further away.

Thakur, Rabenseifner & Gropp (2005): the fewest latencies, and so the choice for short vectors.
"""

from sim.collective import Phase
from sim.collective.power_of_two import distances, exchange, folded


def recursive_doubling(num_members: int, num_bytes: float) -> tuple[Phase, ...]:
    """Return `log2(p)` exchanges of all bytes, at distances 1, 2, 4, …

    Equal links with latency α and bandwidth β take `log2(p) (α + num_bytes / β)` where p is a power
    of two; else `2 (α + num_bytes / β)` are added to the time of the largest below p.
    """
    core = tuple(exchange(num_members, distance, num_bytes) for distance in distances(num_members))
    return folded(num_members, num_bytes, core)
