"""Faults on a timetable, so that a test can state the schedule that follows from them."""

from dataclasses import dataclass

from sim.machine import Machine
from sim.presence import Steps
from sim.world import World


def machine(world: World, name: str) -> Machine:
    """Return a partner or a server by name."""
    return next(one for one in (*world.members, *world.servers) if one.name == name)


@dataclass(frozen=True, kw_only=True)
class Breakdowns:
    """Take machines down and bring them back: name, and the virtual seconds of both."""

    plan: tuple[tuple[str, float, float], ...]

    def run(self, world: World) -> Steps:
        for name, down_sim_s, up_sim_s in self.plan:
            world.env.process(self._break(world, name, down_sim_s, up_sim_s))
        yield from ()

    def _break(self, world: World, name: str, down_sim_s: float, up_sim_s: float) -> Steps:
        yield world.env.timeout(down_sim_s)
        world.presence.break_down(machine(world, name))
        yield world.env.timeout(up_sim_s - down_sim_s)
        world.presence.repair(machine(world, name))


@dataclass(frozen=True, kw_only=True)
class Cut:
    """Cut the uplink of a machine for a while."""

    name: str
    cut_sim_s: float
    mended_sim_s: float

    def run(self, world: World) -> Steps:
        yield world.env.timeout(self.cut_sim_s)
        link = machine(world, self.name).uplink
        world.outages.cut(link)
        yield world.env.timeout(self.mended_sim_s - self.cut_sim_s)
        world.outages.mend(link)


def breaks(*plan: tuple[str, float, float]) -> Breakdowns:
    """Return the fault in which each machine breaks down once."""
    return Breakdowns(plan=plan)
