"""Topology `links`: any network, read from a CSV file of links and, if wanted, one of routes.

Links: `source,target,bytes_per_s,latency_sim_s` and, where needed, `jitter_sim_s` (0) and `duplex`
(true: the link has its bandwidth in each direction; false: from source to target only). Every
partner and `proxy` must be there by name; other names are routers. Routes:
`source,target,via`, one direction each, where `via` has the nodes between, joined by `;`. What has
no route takes the way with the least latency. Access links lie between the machines and their
nodes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from sim.consortium import Consortium
from sim.csv_table import Row, read_table
from sim.topology import PROXY, Cable, Wiring, at, duplex, machines

DATA = Path(__file__).parent / "data"
IS_DUPLEX = {"": True, "true": True, "false": False}


@dataclass(frozen=True, kw_only=True)
class Links:
    """Read links from `file` and routes from `routes_file`, below the working directory or shipped
    in sim/topology/data; without a routes file all ways are the shortest.
    """

    file: str
    routes_file: str | None

    def wire(self, consortium: Consortium) -> Wiring:
        """Return the wiring; raises ValueError with file and line for what is wrong in them."""
        names = machines(consortium)
        cables = self._cables()
        self._check_reach(names, cables)
        return Wiring(
            ports={name: at(name) for name in names},
            cables=tuple(cables.values()),
            sites=(),
            routes=self._routes(cables) if self.routes_file is not None else {},
        )

    def _cables(self) -> dict[tuple[str, str], Cable]:
        rows = read_table(
            self.file,
            setting="topology.file",
            shipped=DATA,
            required=("source", "target", "bytes_per_s", "latency_sim_s"),
            optional=("jitter_sim_s", "duplex"),
        )
        cables: dict[tuple[str, str], Cable] = {}
        for row in rows:
            for cable in _row_cables(row):
                if (cable.source, cable.target) in cables:
                    raise ValueError(
                        f"{row.where}: every direction must be listed once, got {cable.source} to "
                        f"{cable.target} again; drop the line, or set duplex to false in both"
                    )
                cables[cable.source, cable.target] = cable
        return cables

    def _check_reach(self, names: tuple[str, ...], cables: Mapping[tuple[str, str], Cable]) -> None:
        """Raise ValueError unless each machine reaches the proxy and is reached from it, and so
        each other.
        """
        import networkx

        graph = networkx.DiGraph(list(cables))
        for name in names:
            if name not in graph:
                raise ValueError(
                    f"topology.file must have a link to every partner and to {PROXY}, got none to "
                    f"{name} in {self.file}; add a line with that name"
                )
        reaching, reached = networkx.ancestors(graph, PROXY), networkx.descendants(graph, PROXY)
        for name in names[:-1]:
            if name not in reaching or name not in reached:
                way = (name, PROXY) if name not in reaching else (PROXY, name)
                raise ValueError(
                    f"topology.file must join every partner and {PROXY} in both directions, got no "
                    f"way from {way[0]} to {way[1]} in {self.file}; add a link"
                )

    def _routes(
        self, cables: Mapping[tuple[str, str], Cable]
    ) -> dict[tuple[str, str], tuple[str, ...]]:
        rows = read_table(
            self.routes_file or "",
            setting="topology.routes_file",
            shipped=DATA,
            required=("source", "target", "via"),
            optional=(),
        )
        routes: dict[tuple[str, str], tuple[str, ...]] = {}
        for row in rows:
            nodes = _row_nodes(row)
            if (nodes[0], nodes[-1]) in routes:
                raise ValueError(
                    f"{row.where}: a pair must have one route, got {nodes[0]} to {nodes[-1]} again;"
                    " drop one of the lines"
                )
            for hop in pairwise(nodes):
                if hop not in cables:
                    raise ValueError(
                        f"{row.where}: a route must follow links, got {hop[0]} to {hop[1]}, which "
                        f"{self.file} has not; correct the route or add the link"
                    )
            routes[nodes[0], nodes[-1]] = nodes
        return routes


def _row_cables(row: Row) -> tuple[Cable, ...]:
    source, target = row.text("source"), row.text("target")
    word = row.cells.get("duplex", "")
    if word.lower() not in IS_DUPLEX:
        raise ValueError(f"{row.where}: duplex must be true or false, got {word!r}; try true")
    if source == target:
        raise ValueError(
            f"{row.where}: a link must join two nodes, got {source} twice; correct one end"
        )
    bytes_per_s, latency_sim_s = row.number("bytes_per_s"), row.number("latency_sim_s")
    jitter_sim_s = row.number("jitter_sim_s", empty=0.0)
    try:
        cables = duplex(
            source,
            target,
            bytes_per_s=bytes_per_s,
            latency_sim_s=latency_sim_s,
            jitter_sim_s=jitter_sim_s,
        )
    except ValueError as error:  # a number out of range, which the cable has named
        raise ValueError(f"{row.where}: {error}") from error
    return cables if IS_DUPLEX[word.lower()] else cables[:1]


def _row_nodes(row: Row) -> tuple[str, ...]:
    via = [node.strip() for node in row.cells["via"].split(";") if node.strip()]
    nodes = (row.text("source"), *via, row.text("target"))
    if len(set(nodes)) < len(nodes):
        raise ValueError(
            f"{row.where}: a route must pass no node twice, got {', '.join(nodes)}; shorten it"
        )
    return nodes
