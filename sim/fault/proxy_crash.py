"""Fault `proxy_crash`: servers break down and lose their queues; they come back after a restart.

Servers are the proxy's replicas and whatever servers a mode puts up: regional proxies, parameter
servers. A mode that has none goes on undisturbed.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.bounds import one_of, positive
from sim.fault import strike_at_random
from sim.presence import Steps
from sim.proxy import ProxyServer
from sim.streams import stream

if TYPE_CHECKING:
    from sim.world import World

WHICH = ("one", "all")


@dataclass(frozen=True, kw_only=True)
class ProxyCrash:
    """Let servers break down as a Poisson process: a random `one` of those that are up, or `all`
    that are, as when they share a machine room.
    """

    which: str
    mean_between_sim_s: float
    restart_sim_s: float

    def __post_init__(self) -> None:
        one_of("which", self.which, WHICH)
        positive("mean_between_sim_s", self.mean_between_sim_s, remedy="3600 is one an hour")
        positive("restart_sim_s", self.restart_sim_s, remedy="60 is a minute")

    def check(self, num_partners: int, num_sites: int) -> None:
        """Fit every consortium."""

    def run(self, world: "World") -> Steps:
        """Break down and repair."""
        seed = world.setting.seed
        victims = stream(seed, "fault", "proxy_crash", "victims")
        yield from strike_at_random(
            world,
            lambda: self._crash(world, victims),
            mean_between_sim_s=self.mean_between_sim_s,
            rng=stream(seed, "fault", "proxy_crash", "times"),
        )

    def _crash(self, world: "World", rng: np.random.Generator) -> Steps:
        crashed = self._choose([server for server in world.servers if server.is_up], rng)
        for server in crashed:
            world.presence.break_down(server)
        yield world.env.timeout(self.restart_sim_s)
        for server in crashed:
            world.presence.repair(server)

    def _choose(self, up: list[ProxyServer], rng: np.random.Generator) -> list[ProxyServer]:
        if self.which == "all" or not up:
            return up
        return [up[rng.integers(len(up))]]
