"""Topology `regions`: partners in cloud regions, with delay and bandwidth measured between them.

The figures are those of Yuan et al. (2022), Decentralized Training of Foundation Models in
Heterogeneous Environments, in data/wan_regions.csv. Within a region there are only the machines'
access links; those of all machines lead to the one link between two regions, which they share.
"""

from dataclasses import dataclass
from functools import cache
from itertools import combinations
from pathlib import Path

from sim.bounds import one_of
from sim.consortium import Consortium
from sim.csv_table import read_table
from sim.topology import PROXY, Cable, Wiring, at, duplex, machines

DATA = Path(__file__).parent / "data"
BYTES_PER_S_OF_GBIT = 1e9 / 8
LATENCY_SIM_S_OF_MS = {"round_trip": 0.5e-3, "one_way": 1e-3}


@dataclass(frozen=True, kw_only=True)
class Regions:
    """Spread the partners over `regions` in turn, and put the proxy into `proxy_region`.

    A message takes the direct link, for which the figures were measured. `delay_is` says how they
    are read: as round trips, which they agree with (data/README.md), or as one way, as their
    authors' emulation and cost model use them.
    """

    regions: tuple[str, ...]
    proxy_region: str
    delay_is: str

    def __post_init__(self) -> None:
        one_of("delay_is", self.delay_is, tuple(LATENCY_SIM_S_OF_MS))
        if not self.regions or len(set(self.regions)) < len(self.regions):
            raise ValueError(
                "regions must name at least one region and none twice, "
                f"got {', '.join(self.regions) or 'none'}; try regions=[Oregon,Ireland]"
            )
        known = tuple(sorted({region for pair in _measured() for region in pair}))
        for region in self.regions:
            one_of("regions", region, known)
        one_of("proxy_region", self.proxy_region, known)

    def wire(self, consortium: Consortium) -> Wiring:
        """Return the wiring with a node for each region; its partners are a site."""
        partners = machines(consortium)[:-1]
        num_regions = len(self.regions)
        ports = {name: at(self.regions[n % num_regions]) for n, name in enumerate(partners)}
        nodes = dict.fromkeys((*self.regions, self.proxy_region))
        cables = tuple(cable for pair in combinations(nodes, 2) for cable in self._link(*pair))
        ways = ((cable.source, cable.target) for cable in cables)
        num_sites = min(num_regions, len(partners))
        return Wiring(
            ports=ports | {PROXY: at(self.proxy_region)},
            cables=cables,
            sites=tuple(
                tuple(range(site, len(partners), num_regions)) for site in range(num_sites)
            ),
            routes={way: way for way in ways},
        )

    def _link(self, first: str, second: str) -> tuple[Cable, Cable]:
        measured = _measured()
        delay_ms, gbit_per_s = measured.get((first, second)) or measured[second, first]
        return duplex(
            first,
            second,
            bytes_per_s=gbit_per_s * BYTES_PER_S_OF_GBIT,
            latency_sim_s=delay_ms * LATENCY_SIM_S_OF_MS[self.delay_is],
            jitter_sim_s=0.0,
        )


@cache
def _measured() -> dict[tuple[str, str], tuple[float, float]]:
    """Return delay in ms and Gbit/s of each pair of regions, in the file's order."""
    rows = read_table(
        str(DATA / "wan_regions.csv"),
        setting="topology.regions",
        shipped=DATA,
        required=("a", "b", "delay_ms", "gbit_per_s"),
        optional=(),
    )
    return {
        (row.text("a"), row.text("b")): (row.number("delay_ms"), row.number("gbit_per_s"))
        for row in rows
    }
