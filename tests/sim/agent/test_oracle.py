"""Whom the oracle sends, of partners whose speeds, outages and labels are set."""

from pathlib import Path

import numpy as np
import pytest

from runners.build import assemble, build
from sim.agent.oracle import Oracle, OracleDecider
from sim.learner.none import TimeOnly
from sim.outcome import Outcome
from sim.world import World
from tests.runners.compose import compose
from tests.sim.agent.views import view

LISTED = (
    *("learner=none", "task=sized", "partition=iid", "mode=proxy/federated", "mode.local_steps=10"),
    *("agent=oracle", "agent.num_participants=1", "budget.num_epochs=0.01"),
    *("scenario.partners.east.speed=4.0", "scenario.partners.west.speed=2.0"),
    *("scenario.partners.north.speed=1.0", "task.train_flops_per_sample=1e9"),
)
"""North, east, south and west, in this order."""


def world(*settings: str) -> World:
    setting, _ = assemble(build(compose(*LISTED, *settings)))
    return World(setting, TimeOnly(), lambda fraction: None)


def chosen(running: World, number: int = 1, **changes: object) -> tuple[int, ...]:
    """Return who is sent in a first round at time 0."""
    decider = Oracle(num_participants=number).decider(4, np.random.default_rng(0))
    assert isinstance(decider, OracleDecider)
    decider.behold(running)
    return decider.decide(view(4, now_sim_s=0.0, **changes)).partners


def test_who_goes_down_before_the_end_is_not_sent(tmp_path: Path) -> None:
    """Ten steps take 10 × 32 × 1e9 / 4.5e10 = 7.1 s; those of east 1.8 s, and of west 3.6 s."""
    trace = tmp_path / "up.csv"
    going = ("availability=trace", f"availability.file={trace}")
    found = []
    for east_sim_s, west_sim_s in ((3.0, 9.0), (1.5, 9.0), (1.5, 3.0)):
        trace.write_text(
            f"time_sim_s,partner,is_up\n{east_sim_s},east,0\n{west_sim_s},west,0\n"
            f"{east_sim_s + 1},east,1\n{west_sim_s + 1},west,1\n"
        )
        found.append(chosen(world(*going)))
    assert found == [(1,), (3,), (0,)]


def test_where_nobody_gets_done_somebody_is_sent_all_the_same(tmp_path: Path) -> None:
    trace = tmp_path / "up.csv"
    rows = [f"0.1,{name},0\n" for name in ("east", "north", "south", "west")]
    trace.write_text("time_sim_s,partner,is_up\n" + "".join(rows))
    assert chosen(world("availability=trace", f"availability.file={trace}")) == (1,)


def test_at_most_as_many_as_are_worth_it_but_as_many_as_the_mode_needs() -> None:
    """East and west are done long before the others, so that two are sent of three; 1 is only
    worth more per second where it is twice as fast.
    """
    slow = ("scenario.partners.north.speed=0.01", "scenario.partners.south.speed=0.01")
    fast = world(*slow, "scenario.partners.west.speed=4.0")
    assert chosen(fast, 3) == (1, 3)
    assert chosen(fast, 3, num_wanted=3) == (0, 1, 3)
    assert chosen(fast, 3, available=(0, 2)) == (0, 2)


def test_labels_that_rounds_have_gone_without_are_sent_for() -> None:
    """South alone has label 1 and takes four times as long as east: it is sent in the second round
    in which its label is worth more than four times as much.
    """
    running = world()
    counts = np.array([[10.0, 0.0], [10.0, 0.0], [0.0, 10.0], [10.0, 0.0]])
    decider = Oracle(num_participants=1).decider(4, np.random.default_rng(0))
    assert isinstance(decider, OracleDecider)
    object.__setattr__(running.workload, "label_counts", counts)
    decider.behold(running)
    much = view(4, {"num_samples": [10**6] * 4})  # nobody goes through its data even once
    sent = [decider.decide(much).partners for _ in range(40)]
    times = {one: sent.count((one,)) for one in range(4)}
    assert times[1] > times[2] > 0
    assert times[0] == times[3] == 0


@pytest.mark.parametrize("mode", ["fedbuff", "hierarchical"])
def test_it_serves_other_modes_and_draws_nothing(mode: str) -> None:
    settings = [f"mode=proxy/{mode}", "task.num_samples=2400", "budget.num_epochs=2"]
    settings += ["mode.num_regions=2"] if mode == "hierarchical" else []
    lively = ("availability=markov", "variability=lognormal", "task.train_flops_per_sample=1e8")
    runs: list[Outcome] = [world(*settings, *lively).run() for _ in range(2)]
    assert runs[0].rounds == runs[1].rounds
    assert len(runs[0].rounds) > 3
