"""What holds for every mode: time is accounted for without gaps, rounds follow each other, the same
run is the same run.
"""

import itertools
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

from runners.build import build
from tests.runners.compose import compose
from tests.sim.conftest import Counting, partner

CONF = Path(__file__).parents[3] / "conf" / "mode"
NAMES = sorted(str(path.relative_to(CONF).with_suffix("")) for path in CONF.rglob("*.yaml"))
PARTNERS = [
    partner("a"),
    partner("b", speed=0.7, uplink_bytes_per_s=40.0),
    partner("c", speed=3.0, latency_sim_s=0.1),
]


@cache
def mode_named(name: str):
    """Return a mode with the settings of its YAML; composing takes half a second."""
    return build(compose(f"mode={name}")).mode


@pytest.fixture(params=NAMES)
def mode(request: pytest.FixtureRequest):
    return mode_named(request.param)


def test_each_partners_spans_tile_its_time(simulate, mode) -> None:
    _, outcome = simulate(mode, *PARTNERS, num_epochs=3, num_evaluations=3)
    by_actor = defaultdict(list)
    for _, actor, _, start_sim_s, end_sim_s, _ in outcome.spans:
        by_actor[actor].append((start_sim_s, end_sim_s))
    for one in PARTNERS:
        times = sorted(by_actor[one.name])
        assert times[0][0] == 0
        assert times[-1][1] == pytest.approx(outcome.rounds[-1].end_sim_s)
        assert all(before[1] == after[0] for before, after in itertools.pairwise(times))


def test_rounds_follow_each_other_and_spend_the_budget(simulate, mode) -> None:
    world, outcome = simulate(mode, *PARTNERS, num_epochs=3, num_evaluations=3)
    rounds = outcome.rounds
    assert [one.round for one in rounds] == list(range(len(rounds)))
    assert all(
        before.end_sim_s == after.start_sim_s for before, after in itertools.pairwise(rounds)
    )
    assert all(before.num_bytes <= after.num_bytes for before, after in itertools.pairwise(rounds))
    assert world.is_spent


@pytest.mark.parametrize("num_epochs", [0.3, 1, 2, 7.7])
def test_the_last_round_is_evaluated(simulate, mode, num_epochs: float) -> None:
    """Steps are whole and budgets are not: rounding must not cost the curve its end."""
    learner = Counting()
    _, outcome = simulate(
        mode, *PARTNERS, num_epochs=num_epochs, num_evaluations=3, learner=learner
    )
    assert outcome.rounds[-1].evaluation is not None


def test_bytes_on_links_are_the_bytes_sent(simulate, mode) -> None:
    world, outcome = simulate(mode, *PARTNERS)
    machines = [*world.members, *world.servers]
    up = sum(machine.uplink.carried_bytes for machine in machines)
    down = sum(machine.downlink.carried_bytes for machine in machines)
    assert up == pytest.approx(down)
    assert up == pytest.approx(outcome.rounds[-1].num_bytes)


def test_the_same_run_is_the_same_run(simulate, mode) -> None:
    first, second = (simulate(mode, *PARTNERS, num_epochs=2)[1] for _ in range(2))
    assert first.spans == second.spans


def test_level_rounds_keeps_the_sums_and_drops_the_spans(simulate, mode) -> None:
    with_spans, without = (
        simulate(mode, *PARTNERS, trace_level=level)[1] for level in ("spans", "rounds")
    )
    assert without.spans == []
    assert [one.partner_sim_s for one in with_spans.rounds] == [
        one.partner_sim_s for one in without.rounds
    ]
