"""Owns the hierarchical allreduce: within each site to its leader, a ring of leaders, and back.

Jia et al. (2018), "Highly Scalable Deep Learning Training System". A site's leader is its first
member; only leaders send between sites. Within a site all send to the leader at once, as in
`sim.collective.star`.
"""

from dataclasses import replace
from itertools import chain

from sim.collective import Phase
from sim.collective.ring import ring
from sim.collective.step import back, step


def hierarchical(
    num_members: int, num_bytes: float, sites: tuple[tuple[int, ...], ...]
) -> tuple[Phase, ...]:
    """Return the step to the leaders, the chain of the leaders and the step back.

    `sites` holds the numbers of the members of each site. Equal links with latency α and bandwidth
    β take `2 (α + (m-1) num_bytes / β)` plus the ring's time among the leaders, m being the size of
    the largest site; no step is there where m is 1. Raises ValueError unless `sites` has every
    member once.
    """
    _check(num_members, sites)
    leaders = [site[0] for site in sites]
    middle = _among(leaders, ring(len(leaders), num_bytes))
    pairs = [(member, site[0]) for site in sites for member in site[1:]]
    if not pairs:
        return middle
    reduce = step(pairs, num_bytes)
    return (reduce, *middle, back(reduce))


def _check(num_members: int, sites: tuple[tuple[int, ...], ...]) -> None:
    if not sites:
        raise ValueError(
            f"algorithm=hierarchical got no sites for its {num_members} members: it needs a "
            "topology with sites; try topology=hierarchical"
        )
    if not all(sites) or sorted(chain(*sites)) != list(range(num_members)):
        raise ValueError(
            f"sites must hold each of the {num_members} members once and none may be empty, "
            f"got {sites}; name everyone who takes part, and leave out sites without anyone"
        )


def _among(members: list[int], phases: tuple[Phase, ...]) -> tuple[Phase, ...]:
    """Return the phases with the numbers of these members instead of 0, 1, 2, …"""
    return tuple(
        replace(phase, sends=tuple((members[source], members[to]) for source, to in phase.sends))
        for phase in phases
    )
