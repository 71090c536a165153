"""Topology `hierarchical`: sites with a LAN inside and a WAN link each to a common core.

The LAN is the access links of the site's machines, which meet at the site's node. The proxy hangs
on the core. With `backbone_bytes_per_s`, all that passes the core shares that bandwidth.
"""

from dataclasses import dataclass
from itertools import pairwise

from sim.bounds import at_least
from sim.consortium import Consortium
from sim.topology import (
    PROXY,
    Cable,
    Port,
    Wiring,
    at,
    backbone,
    check_backbone,
    check_line,
    machines,
)


@dataclass(frozen=True, kw_only=True)
class Hierarchical:
    """Put partner i of n into site `i * num_sites // n`, and join sites by WAN links to the core.

    `wan_latency_sim_s` is one way from a site to the core, so two sites are twice that apart.
    """

    num_sites: int
    wan_bytes_per_s: float
    wan_latency_sim_s: float
    wan_jitter_sim_s: float
    backbone_bytes_per_s: float | None

    def __post_init__(self) -> None:
        at_least("num_sites", self.num_sites, 1, remedy="2 puts half of the partners in each")
        check_line(
            self.wan_bytes_per_s, self.wan_latency_sim_s, self.wan_jitter_sim_s, prefix="wan_"
        )
        check_backbone(self.backbone_bytes_per_s)

    def wire(self, consortium: Consortium) -> Wiring:
        """Return the wiring; raises ValueError for more sites than partners."""
        sites = self._sites(len(consortium.partners))
        names = machines(consortium)
        ports = {names[partner]: at(f"site{n}") for n, site in enumerate(sites) for partner in site}
        core, shared = self._core()
        wan = (cable for n in range(len(sites)) for cable in self._wan(f"site{n}", core))
        return Wiring(ports=ports | {PROXY: core}, cables=(*wan, *shared), sites=sites, routes={})

    def _core(self) -> tuple[Port, tuple[Cable, ...]]:
        """Return where the proxy and the WAN links are plugged in, and the backbone if any."""
        if self.backbone_bytes_per_s is None:
            return at("core"), ()
        cable = backbone("core", self.backbone_bytes_per_s)
        return Port(into=cable.source, out_of=cable.target), (cable,)

    def _sites(self, num_partners: int) -> tuple[tuple[int, ...], ...]:
        if self.num_sites > num_partners:
            raise ValueError(
                f"topology.num_sites must be at most the {num_partners} partners, "
                f"got {self.num_sites}; try topology.num_sites={num_partners}"
            )
        # Partner i is in site s from i = ceil(s * n / num_sites) on.
        starts = [-(-site * num_partners // self.num_sites) for site in range(self.num_sites + 1)]
        return tuple(tuple(range(start, end)) for start, end in pairwise(starts))

    def _wan(self, site: str, core: Port) -> tuple[Cable, Cable]:
        """Return the cables up to the core and down from it."""
        up, down = (
            Cable(
                source=source,
                target=target,
                bytes_per_s=self.wan_bytes_per_s,
                latency_sim_s=self.wan_latency_sim_s,
                jitter_sim_s=self.wan_jitter_sim_s,
            )
            for source, target in ((site, core.into), (core.out_of, site))
        )
        return up, down
