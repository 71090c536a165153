"""Topology `ring`: every partner is joined to the two beside it, and messages to others pass
through the nodes between.

A ring has no centre: the proxy stands at the first partner's node, behind an access link of its
own. What is passed on crosses the links between the nodes, not the access links of those who pass
it on.
"""

from dataclasses import dataclass
from itertools import pairwise

from sim.consortium import Consortium
from sim.topology import PROXY, Wiring, at, check_line, duplex, machines


@dataclass(frozen=True, kw_only=True)
class Ring:
    """Join each partner to the next by a duplex link, and the last to the first."""

    bytes_per_s: float
    latency_sim_s: float
    jitter_sim_s: float

    def __post_init__(self) -> None:
        check_line(self.bytes_per_s, self.latency_sim_s, self.jitter_sim_s)

    def wire(self, consortium: Consortium) -> Wiring:
        """Return the wiring with a node for each partner; two partners have one link, not two."""
        partners = machines(consortium)[:-1]
        neighbours = list(pairwise(partners))
        if len(partners) > 2:
            neighbours.append((partners[-1], partners[0]))
        cables = tuple(cable for pair in neighbours for cable in duplex(*pair, **vars(self)))
        # Between neighbours nothing is shorter than their own link, so nothing is searched.
        pairs = ((cable.source, cable.target) for cable in cables)
        return Wiring(
            ports={name: at(name) for name in partners} | {PROXY: at(partners[0])},
            cables=cables,
            sites=(),
            routes={pair: pair for pair in pairs},
        )
