"""How long an agent takes to decide among 1,000 partners, 100 of whom take part."""

import numpy as np
import pytest

from runners.build import assemble, build
from sim.agent import Clairvoyant
from sim.learner.none import TimeOnly
from sim.streams import stream
from sim.world import World
from tests.runners.compose import compose
from tests.sim.agent.test_heuristics import MADE
from tests.sim.agent.views import view

NUM_PARTNERS, NUM_CHOSEN = 1000, 100
SETTINGS = {
    "power_of_choice": ("agent.num_candidates=200",),
    "tifl": ("agent.num_tiers=5",),
    "deadline": ("agent.deadline_sim_s=60.0",),
}


@pytest.mark.parametrize("name", MADE)
def test_a_decision(benchmark, name: str) -> None:
    run = build(
        compose(
            *("learner=none", "task=sized", "partition=iid", "mode=proxy/federated"),
            *("scenario=uniform", f"scenario.num_partners={NUM_PARTNERS}", f"agent={name}"),
            *(f"agent.num_participants={NUM_CHOSEN}", *SETTINGS.get(name, ())),
        )
    )
    decider = run.agent.decider(NUM_PARTNERS, stream(0, "agent"))
    if isinstance(decider, Clairvoyant):
        decider.behold(World(assemble(run)[0], TimeOnly(), lambda fraction: None))
    rng = np.random.default_rng(0)
    sight = {
        name: rng.lognormal(size=NUM_PARTNERS)
        for name in (
            *("step_sim_s", "up_bytes_per_s", "down_bytes_per_s", "train_loss", "utility"),
            *("direct_up_bytes_per_s", "direct_down_bytes_per_s"),
        )
    }
    everyone = (tuple(range(NUM_PARTNERS)),)
    decision = benchmark(decider.decide, view(NUM_PARTNERS, sight, direct_groups=everyone))
    assert 1 <= len(decision.partners) <= NUM_PARTNERS
