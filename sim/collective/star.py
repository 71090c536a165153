"""Owns the star: everyone sends to member 0 at once, which adds up and sends to everyone at once.

The traffic of a parameter server (Li et al. 2014) that is a member itself. Member 0's own link is
shared by all of its messages.
"""

from sim.collective import Phase
from sim.collective.step import back, step


def star(num_members: int, num_bytes: float) -> tuple[Phase, ...]:
    """Return a gather and a broadcast.

    Equal links with latency α and bandwidth β take `2 (α + (p-1) num_bytes / β)`: member 0's link
    is the bottleneck.
    """
    return (*gather(num_members, num_bytes), *broadcast(num_members, num_bytes))


def gather(num_members: int, num_bytes: float) -> tuple[Phase, ...]:
    """Return the step in which all others send `num_bytes` to member 0."""
    if num_members == 1:
        return ()
    return (step(((member, 0) for member in range(1, num_members)), num_bytes),)


def broadcast(num_members: int, num_bytes: float) -> tuple[Phase, ...]:
    """Return the step in which member 0 sends `num_bytes` to all others."""
    return tuple(back(phase) for phase in gather(num_members, num_bytes))
