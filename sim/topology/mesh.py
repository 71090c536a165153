"""Topology `mesh`: a link of its own between every two machines, the proxy included.

All links are equal; each lies between two access links, whose latency comes on top. The number of
cables grows with the square of the partners.
"""

from dataclasses import dataclass
from itertools import combinations

from sim.consortium import Consortium
from sim.topology import Wiring, at, check_line, duplex, machines


@dataclass(frozen=True, kw_only=True)
class Mesh:
    """Join every two machines by a duplex link; a message takes the direct one."""

    bytes_per_s: float
    latency_sim_s: float
    jitter_sim_s: float

    def __post_init__(self) -> None:
        check_line(self.bytes_per_s, self.latency_sim_s, self.jitter_sim_s)

    def wire(self, consortium: Consortium) -> Wiring:
        """Return the wiring with a node for each machine."""
        names = machines(consortium)
        cables = tuple(
            cable
            for first, second in combinations(names, 2)
            for cable in duplex(first, second, **vars(self))
        )
        pairs = ((cable.source, cable.target) for cable in cables)
        return Wiring(
            ports={name: at(name) for name in names},
            cables=cables,
            sites=(),
            routes={pair: pair for pair in pairs},
        )
