"""Owns which partners can exchange messages directly: those with a way past the proxy's own node.

A proxy that hangs on a junction (a backbone, a core, a region) is passed by whoever crosses that
junction; where it has a node of its own, named `proxy`, whatever crosses it goes through the proxy.
Partners are numbered from 0.
"""

from collections.abc import Iterable, Sequence

from sim.routing import Router
from sim.topology import PROXY

Groups = tuple[tuple[int, ...], ...]
"""Partners who reach each other directly, in rising order; nobody is in two."""


def direct_groups(router: Router, names: Sequence[str], sites: Groups) -> Groups:
    """Return, of each site (or of everyone where there are none), those who reach each other
    directly. Who reaches nobody is in no group.
    """
    everyone = tuple(range(len(names)))
    groups = [group for site in sites or (everyone,) for group in _split(router, names, site)]
    return tuple(group for group in groups if len(group) > 1)


def _split(router: Router, names: Sequence[str], site: Sequence[int]) -> Groups:
    """Put each partner into the first group in which it reaches everyone."""
    if not router.has_node(PROXY):
        return (tuple(site),)
    groups: list[list[int]] = []
    for partner in site:
        joined = next((one for one in groups if _reaches(router, names, partner, one)), None)
        if joined is None:
            groups.append([partner])
        else:
            joined.append(partner)
    return tuple(tuple(group) for group in groups)


def _reaches(router: Router, names: Sequence[str], partner: int, others: Iterable[int]) -> bool:
    return not any(
        router.passes(*ends, PROXY)
        for other in others
        for ends in ((names[partner], names[other]), (names[other], names[partner]))
    )
