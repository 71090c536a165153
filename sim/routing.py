"""Owns which cables a message crosses on its way from one machine to another.

A `Wiring` comes in; ways go out as tuples of cables, the same tuple for the same pair of nodes. A
way that the wiring gives goes first; else it is the one with the least latency, then the fewest
hops, then the smallest names from its start on, so that it never depends on chance. A difference of
a picosecond per hop is none. Jitter does not count.
"""

from collections.abc import Collection
from itertools import pairwise
from typing import Any

from sim.topology import Cable, Wiring

PS_OF_S = 1e12

Way = tuple[Cable, ...]


class Router:
    """Find ways between machines, once for each pair of nodes."""

    def __init__(self, wiring: Wiring) -> None:
        self._ports = dict(wiring.ports)
        self._cables = {(cable.source, cable.target): cable for cable in wiring.cables}
        self._routes = wiring.routes
        self._ways: dict[tuple[str, str], Way] = {}
        self._against: Any = None  # a networkx graph, built when a shortest way is first needed
        self._onward: dict[str, dict[str, list[str]]] = {}

    def plug(self, name: str, *, like: str) -> None:
        """Give a machine that was not wired the port of another one, such as a server's at the
        partner that hosts it; raises ValueError for a name that is taken.
        """
        if name in self._ports:
            raise ValueError(
                f"every machine must have a name of its own, got {name!r} again; rename one"
            )
        self._ports[name] = self._ports[like]

    def all_cables(self) -> Collection[Cable]:
        """Return every cable of the wiring."""
        return self._cables.values()

    def cables(self, source: str, target: str) -> Way:
        """Return the cables from one machine to another, none where both are at one node.

        Raises ValueError where there is no way.
        """
        start, end = self._ports[source].into, self._ports[target].out_of
        if start == end:
            return ()
        way = self._ways.get((start, end))
        if way is None:
            nodes = self._routes.get((start, end)) or self._shortest(start, end)
            if not nodes:
                raise ValueError(
                    f"topology must have a way between all that exchange messages, got none from "
                    f"{source} (at {start}) to {target} (at {end}); add a link"
                )
            way = tuple(self._cables[hop] for hop in pairwise(nodes))
            self._ways[start, end] = way
        return way

    def has_node(self, node: str) -> bool:
        """Return whether cables meet at a node of that name."""
        return any(source == node for source, _ in self._cables)

    def passes(self, source: str, target: str, node: str) -> bool:
        """Return whether the way between two machines goes through a node in between."""
        return any(cable.target == node for cable in self.cables(source, target)[:-1])

    def _shortest(self, start: str, end: str) -> list[str]:
        """Return the nodes of the shortest way, or none."""
        onward = self._nodes_towards(end)
        if start not in onward:
            return []
        nodes = [start]
        while nodes[-1] != end:
            nodes.append(min(onward[nodes[-1]]))
        return nodes

    def _nodes_towards(self, end: str) -> dict[str, list[str]]:
        """Return, for every node with a way to `end`, the nodes that can be next on a shortest
        one.
        """
        if end not in self._onward:
            import networkx

            if self._against is None:
                self._against = self._graph_against(networkx.DiGraph())
            # Searched from the end against the cables, what comes before a node is what is next.
            self._onward[end] = (
                networkx.dijkstra_predecessor_and_distance(self._against, end)[0]
                if end in self._against
                else {}
            )
        return self._onward[end]

    def _graph_against(self, graph: Any) -> Any:
        """Fill a graph with an edge against each cable.

        Weights are whole picoseconds, whose sums are exact, so that a tie is a tie; a hop counts as
        one more.
        """
        for cable in self._cables.values():
            weight = round(cable.latency_sim_s * PS_OF_S) + 1
            graph.add_edge(cable.target, cable.source, weight=weight)
        return graph
