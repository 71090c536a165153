"""A fault for tests that state a schedule: one partner breaks down once, and comes back."""

from dataclasses import dataclass

from sim.presence import Steps
from sim.world import World


@dataclass(frozen=True, kw_only=True)
class Breakdown:
    """Break down partner number `partner` at a given second, for some time."""

    partner: int
    at_sim_s: float
    lasts_sim_s: float

    def check(self, num_partners: int, num_sites: int) -> None:
        """Fit every consortium that has the partner."""
        assert self.partner < num_partners

    def run(self, world: World) -> Steps:
        """Do it."""
        member = world.members[self.partner]
        yield world.env.timeout(self.at_sim_s)
        world.presence.break_down(member)
        yield world.env.timeout(self.lasts_sim_s)
        world.presence.repair(member)
