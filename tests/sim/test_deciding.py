import gc
import itertools
from dataclasses import fields, replace

import numpy as np
import pytest

from runners.build import assemble, build
from sim.decision import ACTIONS, Decision, check_decision
from sim.learner.none import TimeOnly
from sim.outcome import Outcome
from sim.view import View
from sim.world import World
from tests.runners.compose import compose

SETTINGS = ("scenario=lognormal", "scenario.num_partners=4", "learner=none", "budget.num_epochs=1")


def world(*settings: str, asks_outside: bool = True) -> World:
    setting, _ = assemble(build(compose(*SETTINGS, "mode=proxy/federated", *settings)))
    return World(setting, TimeOnly(), lambda fraction: None, asks_outside=asks_outside)


def answered(world: World, **choices: object) -> tuple[list[View], Outcome]:
    """Let everybody who is there take part in every round."""
    world.start()
    views = []
    while (view := world.next_question()) is not None:
        views.append(view)
        world.answer(Decision(partners=view.available, **choices))  # type: ignore[arg-type]
    return views, world.end()


def view_of(available: tuple[int, ...], num_wanted: int | None = None) -> View:
    world_ = world()
    world_.start()
    view = world_.next_question()
    assert view is not None
    values = {one.name: getattr(view, one.name) for one in fields(View)}
    return View(**{**values, "available": available, "num_wanted": num_wanted})


@pytest.mark.parametrize("mode", ["federated", "hierarchical"])
def test_answers_from_outside_give_the_run_that_the_agent_gives(mode: str) -> None:
    settings = [f"mode=proxy/{mode}"]
    settings += ["mode.num_regions=2"] if mode == "hierarchical" else []
    alone = world(*settings, asks_outside=False).run()
    assert answered(world(*settings))[1].rounds == alone.rounds


def test_partners_in_flight_are_not_available() -> None:
    asked = world("mode=proxy/fedbuff", "mode.concurrency=3")
    asked.start()
    while (view := asked.next_question()) is not None:
        assert not view.partners.in_flight[list(view.available)].any()
        assert view.num_wanted == 1
        asked.answer(Decision(partners=view.available[-1:], num_steps={view.available[-1]: 3}))
    rounds = asked.end().rounds
    assert rounds[1].num_samples == 3 * asked.workload.batch_size * rounds[1].num_participants


def test_a_view_holds_what_the_proxy_has_seen() -> None:
    asked = world("scenario=uniform", "variability=none", "mode.local_steps=5")
    views, _ = answered(asked)
    first, second = views[0].partners, views[1].partners
    assert np.isnan(first.step_sim_s).all()
    assert (first.num_chosen == 0).all()
    assert second.num_chosen.tolist() == [1] * 4
    member = asked.members[0]
    np.testing.assert_allclose(second.step_sim_s, member.draw_sim_s(1))
    np.testing.assert_allclose(second.availability, 1)
    assert second.age_rounds.tolist() == [1] * 4
    assert (second.up_bytes_per_s <= asked.members[0].uplink.bytes_per_s).all()


def test_a_view_leads_nowhere() -> None:
    """Nothing that can be reached from a view is a part of the simulation."""
    asked = world()
    asked.start()
    view = asked.next_question()
    reached, todo = {id(view)}, [view]
    while todo:
        for one in gc.get_referents(todo.pop()):
            if id(one) not in reached and not isinstance(one, type):
                reached.add(id(one))
                todo.append(one)
                assert type(one).__module__.partition(".")[0] not in ("simpy",), one
                assert type(one).__module__ in ("builtins", "numpy", "sim.view"), one
    assert len(reached) > len(fields(View))


def test_a_view_can_not_be_written_to() -> None:
    view = view_of((0,))
    with pytest.raises(ValueError, match="read-only"):
        view.partners.step_sim_s[0] = 1.0


def test_steps_and_deadline_are_carried_out() -> None:
    usual = answered(world("mode.local_steps=4"))[1]
    longer = answered(world("mode.local_steps=4"), num_steps={0: 8, 1: 8, 2: 8, 3: 8})[1]
    assert len(longer.rounds) - 1 == (len(usual.rounds) - 1) / 2
    assert longer.rounds[1].num_samples == 2 * usual.rounds[1].num_samples
    took_sim_s = usual.rounds[1].end_sim_s
    short = answered(world("mode.local_steps=4"), deadline_sim_s=took_sim_s * 0.99)[1]
    assert short.rounds[1].num_dropped == 1
    assert short.rounds[1].end_sim_s == pytest.approx(took_sim_s * 0.99)


def test_routes_and_replicas_are_carried_out() -> None:
    settings = ("scenario.proxy.num_replicas=2",)
    both = answered(world(*settings))[1]
    routed = answered(world(*settings), routes=dict.fromkeys(range(4), 1))[1]
    single = answered(world(*settings), num_replicas=1)[1]
    assert [server.num_merged > 0 for server in both.servers] == [True, True]
    assert [server.num_merged > 0 for server in routed.servers] == [False, True]
    assert [server.num_merged > 0 for server in single.servers] == [True, False]


@pytest.mark.parametrize(
    ("decision", "words"),
    [
        (Decision(partners=()), "at least one"),
        (Decision(partners=(1, 0)), "rising order"),
        (Decision(partners=(0, 0)), "rising order"),
        (Decision(partners=(0, 3)), r"available partners, which are \(0, 1\), got \[3\]"),
        (Decision(partners=(0,), compression=1), "compression"),
        (Decision(partners=(0,), num_steps={0: 0}), "num_steps of partner 0 must be at least 1"),
        (Decision(partners=(0,), deadline_sim_s=0.0), "deadline_sim_s must be finite and above 0"),
        (Decision(partners=(0,), routes={0: 2}), "2 replicas"),
        (Decision(partners=(0,), routes={0: -1}), "2 replicas"),
        (Decision(partners=(0,), num_replicas=1, routes={0: 1}), "2 replicas"),
        (Decision(partners=(0,), num_replicas=3), "2 replicas"),
        (Decision(partners=(0,), num_replicas=0), "2 replicas"),
        (Decision(partners=(0, 1), direct={2: 0}), r"among \[0, 1\]"),
        (Decision(partners=(0, 1), direct={1: 2}), "got 1 by way of 2; decide on heads among"),
        (Decision(partners=(0, 1), direct={0: 1, 1: 0}), r"got 0 by way of 1; .* among \[\]"),
        (Decision(partners=(0, 1), direct={1: 1}), "got 1 by way of 1"),
        (Decision(partners=(0, 1), direct={1: 0}, routes={1: 0}), "have no route, to others"),
    ],
)
def test_decisions_that_can_not_be_carried_out_are_refused(decision: Decision, words: str) -> None:
    actions = frozenset(ACTIONS) - {"compression"}
    with pytest.raises(ValueError, match=words):
        check_decision(decision, view_of((0, 1)), actions, num_replicas=2)


def test_there_must_be_a_way_past_the_proxy() -> None:
    seen = replace(view_of((0, 1, 2)), direct_groups=((0, 2),))
    decided = Decision(partners=(0, 1, 2), direct={2: 0})
    check_decision(decided, seen, frozenset(ACTIONS), num_replicas=1)
    words = r"past the proxy, which are \(\(0, 2\),\), got 1 by way of 0; send it through the proxy"
    with pytest.raises(ValueError, match=words):
        check_decision(replace(decided, direct={1: 0}), seen, frozenset(ACTIONS), num_replicas=1)


def test_a_direct_way_is_carried_out() -> None:
    by_proxy, direct = (answered(world(), direct=ways)[1] for ways in ({}, {1: 0, 2: 0, 3: 0}))
    assert direct.servers[0].num_merged * 4 == by_proxy.servers[0].num_merged
    assert direct.rounds[-1].num_bytes == pytest.approx(by_proxy.rounds[-1].num_bytes)


@pytest.mark.parametrize(
    ("setting", "name"),
    [
        ("privacy=secagg", "privacy=secagg"),
        ("privacy=[clip,dp_central]", "privacy=dp_central"),
        ("privacy=[adaptive_clip,dp_central]", "privacy=adaptive_clip and dp_central"),
        ("aggregation=median", "aggregation=median"),
    ],
)
def test_what_the_proxy_has_to_act_on_goes_there(setting: str, name: str) -> None:
    asked = world(setting)
    asked.start()
    view = asked.next_question()
    assert view is not None and view.direct_groups == ()
    asked.answer(Decision(partners=view.available, direct={1: 0}))
    with pytest.raises(
        ValueError, match=f"where {name} acts on it, got direct exchanges of \\[1\\]"
    ):
        asked.next_question()


def test_who_decides_on_it_sees_who_can_exchange_directly() -> None:
    def groups(*settings: str, **more: bool) -> tuple[tuple[int, ...], ...]:
        view = world(*settings, **more)._deciding._view([], np.ones(4, dtype=np.int64), None)
        return view.direct_groups

    assert groups() == ((0, 1, 2, 3),)
    assert groups("topology=hierarchical") == ((0, 1), (2, 3))
    assert groups("privacy=clip") == groups("compression=int8") == ((0, 1, 2, 3),)
    assert groups("mode=proxy/fedbuff") == ()
    assert groups("agent=direct", asks_outside=False) == ((0, 1, 2, 3),)
    assert groups("agent=balanced", asks_outside=False) == ()


def test_as_many_partners_as_are_wanted() -> None:
    with pytest.raises(ValueError, match="must choose 1 partners here, got 2"):
        check_decision(Decision(partners=(0, 1)), view_of((0, 1), 1), frozenset(), num_replicas=1)


class Overruling(TimeOnly):
    """Take the decisions of another rank, on partner 3 alone, for everyone's."""

    def __init__(self) -> None:
        self.asked: list[Decision] = []

    def agree(self, decision: Decision) -> Decision:
        self.asked.append(decision)
        return Decision(partners=(3,))


@pytest.mark.parametrize(("agent", "is_asked"), [("fastest_k", True), ("static", False)])
def test_ranks_do_what_they_have_agreed_on(agent: str, is_asked: bool) -> None:
    setting, _ = assemble(build(compose(*SETTINGS, "mode=proxy/federated", f"agent={agent}")))
    learner = Overruling()
    running = World(setting, learner, lambda fraction: None)
    running.run()
    assert bool(learner.asked) == is_asked
    chosen = running.monitor.sight(0).num_chosen
    assert (chosen[:3] == 0).all() == is_asked
    assert all(one.partners != (3,) for one in learner.asked[:2])


def test_what_is_under_way_at_a_question_is_counted_once() -> None:
    rounds = answered(world())[1].rounds
    assert all(one.end_sim_s < two.end_sim_s for one, two in itertools.pairwise(rounds[1:]))
