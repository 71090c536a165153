"""What all agents promise, whatever they look at."""

import gc
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from runners.build import assemble, build
from runners.options import ConfigError
from sim.agent import Agent, Clairvoyant
from sim.decision import ACTIONS, Decision, check_decision
from sim.learner.none import TimeOnly
from sim.setting import Setting
from sim.streams import stream
from sim.world import World
from tests.runners.compose import compose
from tests.sim.agent.views import CONF, agent, view

HEURISTICS = (
    *("round_robin", "fastest_k", "power_of_choice", "oort", "ucb", "deadline", "tifl"),
    *("static", "tuner", "balanced", "direct"),
)
MADE = ("oracle", *HEURISTICS)
LEARNED = {"dqn": "policy.npz", "q_learning": "q_table.npz"}
PUBLISHED = Path(__file__).parents[3] / "results/agents"
CHANGES: dict[str, dict[str, Any]] = {
    **{name: {"policy": str(PUBLISHED / file)} for name, file in LEARNED.items()},
    "power_of_choice": {"num_candidates": 12},
    "tifl": {"num_tiers": 3},
    "deadline": {"deadline_sim_s": 1e6},
    "tuner": {"max_step_factor": 1},
    "direct": {"max_party": 1},
}
"""Settings with which an agent fits among the twenty, and decides on who takes part alone."""

ALLOWED = (
    "builtins",
    "itertools",
    "numpy",
    "sim.view",
    "sim.agent",
    "sim.decision",
    "threading",
    "_thread",
)


@cache
def setting(scenario: str, num_epochs: int) -> Setting:
    made = build(
        compose(
            *("learner=none", "task=sized", "task.num_samples=2400", "partition=iid"),
            *("mode=proxy/federated", "mode.local_steps=3", f"scenario={scenario}"),
            *("scenario.num_partners=20", f"budget.num_epochs={num_epochs}"),
        )
    )
    return assemble(made)[0]


def four(name: str) -> Agent:
    return agent(name, **{"num_participants": 4, **CHANGES.get(name, {})})


def world(name: str, scenario: str = "uniform", num_epochs: int = 3, seed: int = 0) -> World:
    chosen = replace(setting(scenario, num_epochs), agent=four(name), seed=seed)
    return World(chosen, TimeOnly(), lambda fraction: None)


@pytest.mark.parametrize("name", HEURISTICS)
@pytest.mark.parametrize("num_wanted", [None, 1, 3])
def test_available_partners_as_many_as_are_wanted(name: str, num_wanted: int | None) -> None:
    decider = four(name).decider(20, stream(0, "agent"))
    rng = np.random.default_rng(1)
    for round_number in range(60):
        available = tuple(np.flatnonzero(rng.random(20) < 0.4).tolist()) or (0,)
        sight = {
            "step_sim_s": np.where(rng.random(20) < 0.2, np.nan, rng.random(20)),
            "utility": np.where(rng.random(20) < 0.5, np.nan, rng.random(20)),
            "train_loss": np.where(rng.random(20) < 0.5, np.nan, rng.random(20)),
            "num_chosen": rng.integers(0, 2, 20),
        }
        wanted = None if num_wanted is None else min(num_wanted, len(available))
        shown = view(20, sight, available=available, num_wanted=wanted, round=round_number)
        decision = decider.decide(shown)
        check_decision(decision, shown, frozenset(ACTIONS), num_replicas=1)
        if wanted is None and name != "deadline":
            assert len(decision.partners) == min(4, len(available))


@pytest.mark.parametrize("name", HEURISTICS)
def test_what_is_not_available_is_not_missed(name: str) -> None:
    decider = four(name).decider(20, stream(0, "agent"))
    decision = decider.decide(view(20, {"num_chosen": np.zeros(20)}, available=(3, 7)))
    assert set(decision.partners) <= {3, 7}


@pytest.mark.parametrize("name", [*MADE, *LEARNED])
def test_one_seed_gives_one_run(name: str) -> None:
    one, other = (world(name, "lognormal", seed=3).run() for _ in range(2))
    assert one.rounds == other.rounds


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", [*MADE, "q_learning"])
def test_equal_partners_leave_nothing_to_gain(name: str, seed: int) -> None:
    """Time to the budget is that of a random choice, to 2 %."""
    by_chance = world("static", seed=seed).run().rounds[-1].end_sim_s
    assert world(name, seed=seed).run().rounds[-1].end_sim_s == pytest.approx(by_chance, rel=0.02)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", LEARNED)
def test_equal_partners_are_sent_as_if_at_random(name: str, seed: int) -> None:
    """Time is that of a random choice of as many: a deep policy may send fewer in some rounds."""
    rounds = world(name, seed=seed).run().rounds
    other = replace(setting("uniform", 3), agent=four("static"), seed=seed)
    by_chance = World(other, TimeOnly(), lambda fraction: None, asks_outside=True)
    by_chance.start()
    rng = np.random.default_rng(seed)
    for row in rounds[1:]:
        assert by_chance.next_question() is not None
        drawn = rng.choice(20, row.num_participants, replace=False)
        by_chance.answer(Decision(partners=tuple(sorted(drawn.tolist()))))
    assert by_chance.next_question() is None
    took_sim_s = by_chance.trace.rounds[-1].end_sim_s
    assert rounds[-1].end_sim_s == pytest.approx(took_sim_s, rel=0.02)


def test_who_knows_more_of_unequal_partners_is_sooner_done() -> None:
    took_sim_s = {
        name: world(name, "lognormal", 12, seed=1).run().rounds[-1].end_sim_s
        for name in ("static", "fastest_k", "oort", "oracle")
    }
    assert took_sim_s["fastest_k"] < took_sim_s["static"]
    assert took_sim_s["oort"] < 0.8 * took_sim_s["static"]
    # It goes by what data teach, too, and so need not be the soonest to have a budget spent.
    assert took_sim_s["oracle"] < 0.8 * took_sim_s["static"]


def reached(*roots: Any) -> Iterator[Any]:
    """Yield all that can be got at from some objects, but for what types and functions lead to."""
    known, todo = {id(one) for one in roots}, list(roots)
    while todo:
        one = todo.pop()
        yield one
        for other in gc.get_referents(one):
            # isinstance would ask the object itself for its class, of which some warn
            if id(other) not in known and not issubclass(type(other), type):
                known.add(id(other))
                todo.append(other)


@pytest.mark.parametrize("name", HEURISTICS)
def test_an_agent_can_not_reach_the_simulation(name: str) -> None:
    """Nothing of the simulation can be got at from what decides, nor from what it is shown."""
    shown = []
    running = world(name)
    decider = running._deciding._asking._decider  # type: ignore[attr-defined]
    assert not isinstance(decider, Clairvoyant)
    decide = decider.decide
    decider.decide = lambda view: (shown.append(view), decide(view))[1]
    running.run()
    del decider.decide
    assert len(shown) > 3
    for one in reached(decider, *shown):
        module = type(one).__module__
        assert any(module == name or module.startswith(f"{name}.") for name in ALLOWED), one


def test_the_oracle_reaches_it() -> None:
    decider = world("oracle")._deciding._asking._decider  # type: ignore[attr-defined]
    assert isinstance(decider, Clairvoyant)
    assert any(type(one) is World for one in reached(decider))


def test_every_agent_is_among_these() -> None:
    in_conf = {path.stem for path in CONF.glob("*.yaml")}
    assert set(MADE) <= in_conf


@pytest.mark.parametrize("name", MADE)
def test_more_than_the_consortium_has_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"agent.num_participants must be at most the 3 partners"):
        four(name).check(3)


@pytest.mark.parametrize(
    ("name", "field", "value", "words"),
    [
        ("fastest_k", "num_participants", 0, "agent.num_participants must be at least 1"),
        ("power_of_choice", "num_candidates", 1, "agent.num_candidates must be at least 2, got 1"),
        ("power_of_choice", "num_candidates", 9, "agent.num_candidates must be at most the 4"),
        ("oort", "exploration", 1.5, "agent.exploration must be between 0 and 1.0, got 1.5"),
        ("oort", "clip_percentile", 101.0, "agent.clip_percentile must be between 0 and 100"),
        ("oort", "pacer_rounds", 0, "agent.pacer_rounds must be at least 1"),
        ("ucb", "exploration", -1.0, "agent.exploration must be finite and at least 0"),
        ("deadline", "deadline_sim_s", 0.0, "agent.deadline_sim_s must be finite and above 0"),
        ("tifl", "num_tiers", 5, "agent.num_tiers must be at most the 4 partners"),
        ("tifl", "num_credits", 0, "agent.num_credits must be at least 1"),
    ],
)
def test_settings_out_of_range_are_refused(name: str, field: str, value: float, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        agent(name, **{field: value}).check(4)


def test_a_mode_that_has_no_deadline_is_refused() -> None:
    with pytest.raises(ConfigError, match="does not understand deadline_sim_s"):
        assemble(build(compose("mode=proxy/fedbuff", "agent=deadline")))


def test_balanced_routes_spare_the_fullest_replica() -> None:
    """Of two replicas whose lines are what a round waits for, both are used by as many partners."""
    overrides = (
        *("learner=none", "task=sized", "task.num_samples=2400", "task.num_parameters=1000000"),
        *("partition=iid", "mode=proxy/federated", "mode.local_steps=1", "scenario=uniform"),
        *("scenario.num_partners=20", "budget.num_epochs=3", "scenario.proxy.num_replicas=2"),
        "task.train_flops_per_sample=1e6",
        *("scenario.proxy.uplink_bytes_per_s=12.5e6", "scenario.proxy.downlink_bytes_per_s=12.5e6"),
    )
    made = assemble(build(compose(*overrides)))[0]
    took_sim_s = {}
    for name in ("static", "balanced"):
        one = replace(made, agent=agent(name, num_participants=6))
        world = World(one, TimeOnly(), lambda fraction: None)
        took_sim_s[name] = world.run().rounds[-1].end_sim_s
    assert took_sim_s["balanced"] < 0.95 * took_sim_s["static"]
