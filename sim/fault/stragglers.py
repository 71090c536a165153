"""Fault `stragglers`: partners compute slowly for a while, as when someone else uses the machine.

Each partner is slow and well in turn, for exponential times, so that in the long run `fraction` of
them are slow at any moment. Work that has begun keeps its pace: a factor counts from the next call
of `compute` on.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.bounds import positive
from sim.partner import Member
from sim.presence import Steps
from sim.streams import stream

if TYPE_CHECKING:
    from sim.world import World


@dataclass(frozen=True, kw_only=True)
class Stragglers:
    """Multiply the step times of slow partners by `slowdown`.

    At time 0 a partner is slow with probability `fraction`, so that the start is like any other
    moment.
    """

    fraction: float
    mean_duration_sim_s: float
    slowdown: float

    def __post_init__(self) -> None:
        if not 0 < self.fraction < 1:
            raise ValueError(
                f"fraction must be above 0 and below 1, got {self.fraction}; "
                "fault=none has no stragglers, a lower speed makes a partner slow for good"
            )
        positive("mean_duration_sim_s", self.mean_duration_sim_s, remedy="600 is ten minutes")
        if not 1 <= self.slowdown < float("inf"):
            raise ValueError(
                f"slowdown must be finite and at least 1, got {self.slowdown}; "
                "4 makes a step take four times as long"
            )

    def check(self, num_partners: int, num_sites: int) -> None:
        """Fit every consortium."""

    def run(self, world: "World") -> Steps:
        """Start one process per partner; slow ones are slow from time 0 on."""
        for member in world.members:
            rng = stream(world.setting.seed, "fault", "stragglers", member.name)
            is_slow = rng.random() < self.fraction
            if is_slow:
                member.slowdown = self.slowdown
            world.env.process(self._take_turns(world, member, rng, is_slow))
        yield from ()

    def _take_turns(
        self, world: "World", member: Member, rng: np.random.Generator, is_slow: bool
    ) -> Steps:
        well_sim_s = self.mean_duration_sim_s * (1 - self.fraction) / self.fraction
        while True:
            mean_sim_s = self.mean_duration_sim_s if is_slow else well_sim_s
            yield world.env.timeout(rng.exponential(mean_sim_s))
            is_slow = not is_slow
            member.slowdown = self.slowdown if is_slow else 1.0
