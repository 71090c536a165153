"""A world in which nobody does anything, and a log of what faults do to it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from sim.presence import Steps
from sim.world import World
from tests.sim.conftest import partner


@dataclass(frozen=True, kw_only=True)
class Idle:
    """Wait, and look around every `step_sim_s`."""

    until_sim_s: float
    step_sim_s: float
    look: Callable[[World], Any]

    def run(self, world: World) -> Steps:
        world.begin([world.learner.initial_model(owner=None)])
        while world.env.now < self.until_sim_s:
            self.look(world)
            yield world.env.timeout(self.step_sim_s)
        world.end_round(
            [],
            merged=(),
            num_participants=0,
            num_samples=world.workload.total_samples,
            evaluates=None,
        )


@pytest.fixture
def observe(simulate) -> Callable[..., list[Any]]:
    """Return a call that lets a fault act on some partners and returns what was seen."""

    def run(
        fault: Any,
        look: Callable[[World], Any],
        *,
        until_sim_s: float,
        step_sim_s: float = 1.0,
        num_partners: int = 3,
        **groups: Any,
    ) -> list[Any]:
        seen: list[Any] = []
        idle = Idle(
            until_sim_s=until_sim_s,
            step_sim_s=step_sim_s,
            look=lambda world: seen.append(look(world)),
        )
        partners = [partner(f"p{number}") for number in range(num_partners)]
        simulate(idle, *partners, fault=fault, **groups)
        return seen

    return run
