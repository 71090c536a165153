"""Fault `churn`: partners leave after what they are doing, and come back later.

Stays and absences are exponential, the model of Rhea et al. (2004), Handling Churn in a DHT. What
distinguishes it from availability=markov: nobody leaves in the middle of anything.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.bounds import positive
from sim.partner import Member
from sim.presence import Steps
from sim.streams import stream

if TYPE_CHECKING:
    from sim.world import World


@dataclass(frozen=True, kw_only=True)
class Churn:
    """Let every partner stay and be away in turn; all are there at the start."""

    mean_stay_sim_s: float
    mean_away_sim_s: float

    def __post_init__(self) -> None:
        positive("mean_stay_sim_s", self.mean_stay_sim_s, remedy="3600 is an hour")
        positive(
            "mean_away_sim_s",
            self.mean_away_sim_s,
            remedy="take fault=none for partners that never leave",
        )

    def check(self, num_partners: int, num_sites: int) -> None:
        """Fit every consortium."""

    def run(self, world: "World") -> Steps:
        """Start one process per partner."""
        for member in world.members:
            world.env.process(self._come_and_go(world, member))
        yield from ()

    def _come_and_go(self, world: "World", member: Member) -> Steps:
        rng = stream(world.setting.seed, "fault", "churn", member.name)
        while True:
            yield world.env.timeout(rng.exponential(self.mean_stay_sim_s))
            world.presence.withdraw(member)
            yield world.env.timeout(rng.exponential(self.mean_away_sim_s))
            world.presence.repair(member)
