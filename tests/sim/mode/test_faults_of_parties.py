"""What holds for every mode whatever goes wrong holds for partners who go past the proxy too."""

import pytest

from tests.sim.mode.small_worlds import WORLDS
from tests.sim.mode.test_faults_in_all_modes import FAULTS, AllFaults, check, fault, run
from tests.sim.protocol.test_party import Scripted

PARTIES = Scripted(direct={1: 0, 3: 2})
"""Two parties; in the world of sites each is at one site."""
VARIANTS = ("half", "deadline_sim_s=40.0", "heeds_forecast=True")


def quiet_sim_s(simulate, mode: str, world: str) -> float:
    ran = run(simulate, mode, world, agent=PARTIES)
    check(ran)
    return float(ran.world.env.now)


@pytest.mark.parametrize("name", FAULTS)
def test_a_run_with_faults_ends_and_is_accounted_for(simulate, name: str) -> None:
    for seed, world in enumerate(WORLDS):
        scale_sim_s = quiet_sim_s(simulate, "proxy/federated", world)
        wrong = fault(name, scale_sim_s)
        ran = run(simulate, "proxy/federated", world, agent=PARTIES, fault=wrong, seed=seed)
        check(ran)
        if name not in {"none", "stragglers"}:
            assert ran.watch.num_acts >= 2, "nothing went wrong: the test says nothing"


@pytest.mark.parametrize("variant", VARIANTS)
def test_all_faults_together(simulate, variant: str) -> None:
    mode = f"proxy/federated {variant}"
    for world in WORLDS:
        wrong = AllFaults(scale_sim_s=quiet_sim_s(simulate, mode, world))
        for seed in range(2):
            check(run(simulate, mode, world, agent=PARTIES, fault=wrong, seed=seed))
