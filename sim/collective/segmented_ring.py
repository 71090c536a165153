"""Owns Gloo's ring allreduce, which Horovod uses on CPUs: small segments, two in flight.

As Gloo's `allreduce.cc` does it, in the version that Horovod 0.28.1 builds: every member's p-th of
the bytes is cut into the same number of segments, at least two, of at most 1 MiB. The bytes moved
are those of `sim.collective.ring`; Gloo sends the other way around the ring.
"""

from math import ceil

from sim.collective import Phase

MAX_SEGMENT_BYTES = 2**20
NUM_IN_FLIGHT = 2


def segmented_ring(num_members: int, num_bytes: float) -> tuple[Phase, ...]:
    """Return one chain of `2(S - S/p)` steps of `1/S` of the bytes, S being `num_segments`.

    The latency is paid once for the two segments in flight: equal links with latency α and
    bandwidth β take `(S - S/p)α + 2(p-1)/p * num_bytes / β`. That is an upper bound where a segment
    is on the wire for longer than α, as the second segment then hides part of it.
    """
    if num_members == 1:
        return ()
    segments = num_segments(num_members, num_bytes)
    num_steps = 2 * (segments - segments // num_members)
    chain = Phase(
        num_steps=num_steps,
        num_latencies=num_steps / NUM_IN_FLIGHT,
        sends=tuple((member, (member - 1) % num_members) for member in range(num_members)),
        num_bytes=num_bytes / segments,
    )
    return (chain,)


def num_segments(num_members: int, num_bytes: float) -> int:
    """Return S: a multiple of the members, at least two for each, none above 1 MiB."""
    fewest = max(ceil(num_bytes / MAX_SEGMENT_BYTES), NUM_IN_FLIGHT * num_members)
    return ceil(fewest / num_members) * num_members
