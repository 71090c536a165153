"""Owns the ring allreduce: reduce-scatter, then allgather, each in p-1 steps around a ring.

Horovod's algorithm (Sergeev & Del Balso 2018). Every member sends 2(p-1)/p of the bytes, the least
possible (Patarasuk & Yuan 2009).
"""

from sim.collective import Phase


def ring(num_members: int, num_bytes: float) -> tuple[Phase, ...]:
    """Return one chain of `2(p-1)` steps; in each, everyone sends `1/p` of the bytes to the next.

    Equal links with latency α and bandwidth β take `2(p-1)α + 2(p-1)/p * num_bytes / β`.
    """
    if num_members == 1:
        return ()
    num_steps = 2 * (num_members - 1)
    chain = Phase(
        num_steps=num_steps,
        num_latencies=float(num_steps),
        sends=tuple((member, (member + 1) % num_members) for member in range(num_members)),
        num_bytes=num_bytes / num_members,
    )
    return (chain,)
