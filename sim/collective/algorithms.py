"""Owns the choice of an allreduce algorithm by name, and what its phases make each member send.

A mode's setting `algorithm` is a name in `ALGORITHMS`. Modes ask at every step, so the answers are
kept.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType

from sim.collective import Phase
from sim.collective.halving_doubling import halving_doubling
from sim.collective.hierarchical import hierarchical
from sim.collective.recursive_doubling import recursive_doubling
from sim.collective.ring import ring
from sim.collective.segmented_ring import segmented_ring
from sim.collective.star import star
from sim.collective.tree import tree

# Each takes num_members and num_bytes; `hierarchical` takes sites as well.
ALGORITHMS: Mapping[str, Callable[..., tuple[Phase, ...]]] = MappingProxyType(
    {
        "ring": ring,
        "segmented_ring": segmented_ring,
        "halving_doubling": halving_doubling,
        "recursive_doubling": recursive_doubling,
        "tree": tree,
        "star": star,
        "hierarchical": hierarchical,
    }
)


# Few entries: with 512 members, one can hold about ten thousand sends.
@lru_cache(maxsize=16)
def allreduce(
    algorithm: str, num_members: int, num_bytes: float, sites: tuple[tuple[int, ...], ...]
) -> tuple[Phase, ...]:
    """Return the phases that sum `num_bytes` over all members; none for one member.

    `sites` are groups of members that are near each other; only `hierarchical` reads them, and
    raises ValueError where there are none.
    """
    function = ALGORITHMS[algorithm]
    if algorithm == "hierarchical":
        return function(num_members, num_bytes, sites)
    return function(num_members, num_bytes)


def sent_bytes(phases: Sequence[Phase], num_members: int) -> list[float]:
    """Return the bytes that each member sends in all phases together."""
    totals = [0.0] * num_members
    for phase in phases:
        phase_bytes = phase.num_steps * phase.num_bytes
        for sender, _ in phase.sends:
            totals[sender] += phase_bytes
    return totals
