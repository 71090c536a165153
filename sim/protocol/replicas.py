"""Owns what a proxy's replicas add up: a sum is lost when its replica breaks down, and the replicas
exchange their sums so that the model steps with all of them.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import simpy

from sim.presence import Steps
from sim.protocol.passage import pass_on
from sim.proxy import ProxyServer

if TYPE_CHECKING:
    from sim.world import World


class Sum(NamedTuple):
    """What a server has added up since it had crashed `num_crashes` times."""

    server: ProxyServer
    num_crashes: int

    @property
    def is_kept(self) -> bool:
        """Whether the server has not crashed since."""
        return self.server.num_crashes == self.num_crashes


def sum_at(server: ProxyServer) -> Sum:
    """Return the sum that a server goes on with now."""
    return Sum(server, server.num_crashes)


def exchange(world: "World", sums: Iterable[Sum], num_bytes: float) -> Steps:
    """Let the servers that still have their sums send them to the first of them, and get the total
    back; a sum that its server loses before the end counts as lost.
    """
    everyone = list(sums)
    done = False
    while not done:
        servers = [one.server for one in everyone if one.is_kept and one.server.is_up]
        if len(servers) < 2:
            return
        done = yield world.attempt(servers[:1], _by_way_of_first(world, servers, num_bytes))


def _by_way_of_first(world: "World", servers: Sequence[ProxyServer], num_bytes: float) -> Steps:
    first, *others = servers
    yield _side_by_side(world, [(other, first) for other in others], num_bytes)
    yield _side_by_side(world, [(first, other) for other in others], num_bytes)


def _side_by_side(
    world: "World", ways: Sequence[tuple[ProxyServer, ProxyServer]], num_bytes: float
) -> simpy.Event:
    sends = [world.attempt(way, pass_on(world, *way, num_bytes)) for way in ways]
    return world.env.all_of(sends)
