"""Fault `partition`: the network falls into two parts that can't exchange messages.

One part is some partners or a whole site, with the servers that stand at theirs; the other is
everyone else, the proxy included. Within a part all goes on. Messages between the parts stand still
until the network is whole again.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.bounds import at_least, not_negative, positive
from sim.presence import Steps
from sim.streams import stream

if TYPE_CHECKING:
    from sim.world import World


@dataclass(frozen=True, kw_only=True)
class Partition:
    """Cut off the same random group each time: `num_isolated` partners, or with None one site.

    The first cut is at `start_sim_s`, the next ones every `period_sim_s` after it, None for only
    one; each lasts `duration_sim_s`.
    """

    num_isolated: int | None
    start_sim_s: float
    duration_sim_s: float
    period_sim_s: float | None

    def __post_init__(self) -> None:
        if self.num_isolated is not None:
            at_least("num_isolated", self.num_isolated, 1, remedy="null isolates a whole site")
        not_negative("start_sim_s", self.start_sim_s, remedy="0 is from the start")
        positive("duration_sim_s", self.duration_sim_s, remedy="fault=none has no partition")
        if self.period_sim_s is not None and not self.period_sim_s > self.duration_sim_s:
            raise ValueError(
                f"period_sim_s must be above duration_sim_s={self.duration_sim_s}, got "
                f"{self.period_sim_s}; null cuts once, twice the duration cuts half of the time"
            )

    def check(self, num_partners: int, num_sites: int) -> None:
        """Raise ValueError for more isolated partners than there are, or a site where there is
        none.
        """
        if self.num_isolated is None and not num_sites:
            raise ValueError(
                "fault.num_isolated must be a number where the topology has no sites, got None; "
                "try fault.num_isolated=1 or topology=hierarchical"
            )
        if self.num_isolated is not None and self.num_isolated > num_partners:
            raise ValueError(
                f"fault.num_isolated must be at most the {num_partners} partners, "
                f"got {self.num_isolated}; try fault.num_isolated={max(1, num_partners // 2)}"
            )

    def run(self, world: "World") -> Steps:
        """Cut and mend."""
        gate = world.traffic.isolate(self._isolated(world))
        yield world.env.timeout(self.start_sim_s)
        while True:
            world.outages.cut(gate)
            yield world.env.timeout(self.duration_sim_s)
            world.outages.mend(gate)
            if self.period_sim_s is None:
                return
            yield world.env.timeout(self.period_sim_s - self.duration_sim_s)

    def _isolated(self, world: "World") -> frozenset[str]:
        self.check(len(world.members), len(world.sites))
        rng = stream(world.setting.seed, "fault", "partition")
        if self.num_isolated is None:
            site = world.sites[rng.integers(len(world.sites))]
            return frozenset(world.members[partner].name for partner in site)
        drawn = rng.choice(len(world.members), size=self.num_isolated, replace=False)
        return frozenset(world.members[partner].name for partner in drawn)
