"""Fault `partner_crash`: a random partner breaks down in the middle of what it does.

What it computed, sent and received is lost; it comes back after its restart.
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
class PartnerCrash:
    """Let partners break down as a Poisson process over the whole consortium.

    Only partners that are up break down; when nobody is up, nothing happens.
    """

    mean_between_sim_s: float
    restart_sim_s: float

    def __post_init__(self) -> None:
        positive("mean_between_sim_s", self.mean_between_sim_s, remedy="3600 is one an hour")
        positive("restart_sim_s", self.restart_sim_s, remedy="60 is a minute")

    def check(self, num_partners: int, num_sites: int) -> None:
        """Fit every consortium."""

    def run(self, world: "World") -> Steps:
        """Break down and repair."""
        seed = world.setting.seed
        victims = stream(seed, "fault", "partner_crash", "victims")
        yield from strike_at_random(
            world,
            lambda: self._crash(world, victims),
            mean_between_sim_s=self.mean_between_sim_s,
            rng=stream(seed, "fault", "partner_crash", "times"),
        )

    def _crash(self, world: "World", rng: np.random.Generator) -> Steps:
        up = world.up(world.members)
        if not up:
            return
        member = up[rng.integers(len(up))]
        world.presence.break_down(member)
        yield world.env.timeout(self.restart_sim_s)
        world.presence.repair(member)
