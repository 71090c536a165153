"""Runs phases message by message on sets of contributors, in place of vectors of numbers.

A vector is the set of the members whose numbers are summed in it. A message may add a sum to one
that shares no contributor with it, or replace a part of the sum by the whole; anything else would
count a contribution twice.
"""

from collections.abc import Sequence

from sim.collective import Phase

Sum = frozenset[int]


def allreduced(phases: Sequence[Phase], num_members: int, num_bytes: float) -> list[Sum]:
    """Return what each member holds after phases of whole vectors and chains."""
    held = [frozenset((member,)) for member in range(num_members)]
    everyone = frozenset(range(num_members))
    for phase in phases:
        if phase.num_steps > 1:
            run_chain(phase, held, num_bytes)
        else:
            assert (phase.num_steps, phase.num_bytes) == (1, num_bytes)
            sent = list(held)
            for sender, receiver in phase.sends:
                held[receiver] = merged(held[receiver], sent[sender], everyone)
    return held


def merged(held: Sum, received: Sum, everyone: Sum) -> Sum:
    """Return the sum after a message."""
    if received == everyone:
        return everyone
    assert held.isdisjoint(received), "a contribution is counted twice"
    return held | received


def run_chain(phase: Phase, held: list[Sum], num_bytes: float) -> None:
    """Reduce-scatter, then allgather around the ring; messages of one latency leave together.

    The bytes are cut into segments of a message each, and one chunk of the segments goes to each
    member of the ring.
    """
    ring = around(phase)
    everyone = frozenset().union(*(held[member] for member in ring))
    num_segments = round(num_bytes / phase.num_bytes)
    segments = [[held[member]] * num_segments for member in ring]
    num_in_flight = round(phase.num_steps / phase.num_latencies)
    for first in range(0, phase.num_steps, num_in_flight):
        messages = [
            (position, segment, segments[position][segment])
            for step in range(first, first + num_in_flight)
            for position in range(len(ring))
            for segment in [segment_of(position, step, len(ring), num_segments)]
        ]
        for position, segment, content in messages:
            receiver = segments[(position + 1) % len(ring)]
            receiver[segment] = merged(receiver[segment], content, everyone)
    for member, mine in zip(ring, segments, strict=True):
        assert set(mine) == {everyone}
        held[member] = everyone


def around(phase: Phase) -> list[int]:
    """Return the members in the order in which they send to each other; they must be one ring."""
    successor = dict(phase.sends)
    ring = [phase.sends[0][0]]
    while successor[ring[-1]] != ring[0]:
        ring.append(successor[ring[-1]])
    assert len(ring) == len(successor) == len(phase.sends)
    return ring


def segment_of(position: int, step: int, num_positions: int, num_segments: int) -> int:
    """Return which segment a member sends in a step: chunk by chunk, the one that came in last."""
    per_chunk = num_segments // num_positions
    num_reducing = num_segments - per_chunk
    if step < num_reducing:
        chunk = position - 1 - step // per_chunk
    else:
        chunk = position - (step - num_reducing) // per_chunk
    return chunk % num_positions * per_chunk + step % per_chunk
