"""Fault `outage`: the access link of a random partner is cut, both ways, for a while.

Transfers on it stand still and go on when it is mended; what the partner computes goes on.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.bounds import positive
from sim.fault import strike_at_random
from sim.presence import Steps
from sim.streams import stream

if TYPE_CHECKING:
    from sim.world import World


@dataclass(frozen=True, kw_only=True)
class Outage:
    """Cut links as a Poisson process over the whole consortium; several can be cut at once."""

    mean_between_sim_s: float
    duration_sim_s: float

    def __post_init__(self) -> None:
        positive("mean_between_sim_s", self.mean_between_sim_s, remedy="3600 is one an hour")
        positive("duration_sim_s", self.duration_sim_s, remedy="fault=none has no outages")

    def check(self, num_partners: int, num_sites: int) -> None:
        """Fit every consortium."""

    def run(self, world: "World") -> Steps:
        """Cut and mend."""
        seed = world.setting.seed
        victims = stream(seed, "fault", "outage", "victims")
        yield from strike_at_random(
            world,
            lambda: self._cut(world, victims),
            mean_between_sim_s=self.mean_between_sim_s,
            rng=stream(seed, "fault", "outage", "times"),
        )

    def _cut(self, world: "World", rng: np.random.Generator) -> Steps:
        member = world.members[rng.integers(len(world.members))]
        for link in member.links:
            world.outages.cut(link)
        yield world.env.timeout(self.duration_sim_s)
        for link in member.links:
            world.outages.mend(link)
