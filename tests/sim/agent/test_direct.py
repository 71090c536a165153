"""Who goes past the proxy, with the seconds worked by hand.

To the proxy a partner takes 400 / 100 s down, 10 s for its steps, and 400 / 50 s up: 22 s, and
0.5 s until it is merged. Partner 1, whose uplink is the fastest, is the head, and sends for
400 / 80 = 5 s.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from runners.build import assemble, build
from sim.agent import Decider
from sim.decision import Decision
from sim.forecast import expected_direct_sim_s
from sim.forecaster import Forecaster
from sim.learner.none import TimeOnly
from sim.streams import stream
from sim.view import View
from sim.world import World
from tests.runners.compose import compose
from tests.sim.agent.views import agent, view

VIA_PROXY = {
    "down_bytes_per_s": [100.0] * 4,
    "up_bytes_per_s": [50.0, 80.0, 50.0, 50.0],
    "merge_sim_s": [0.5] * 4,
}
EVERYONE = ((0, 1, 2, 3),)


def decider(**settings: Any) -> Decider:
    return agent("direct", **settings).decider(4, stream(0, "agent"))


def shown(direct_down: float, direct_up: float, **changes: Any) -> View:
    """Return a view in which followers of partner 1 have had these rates."""
    known = [np.nan if one == 1 else 1.0 for one in range(4)]
    sight = VIA_PROXY | {
        "direct_down_bytes_per_s": [one * direct_down for one in known],
        "direct_up_bytes_per_s": [one * direct_up for one in known],
    }
    return view(4, sight, **({"direct_groups": EVERYONE} | changes))


def test_expected_seconds_of_a_party() -> None:
    """4 s down, then 2 s to partner 0, 10 s, and 4 s back, or 6, 10 and 1 s of partner 2; 5 s up;
    the head's own 10 s are over by then, but not if it takes 40 steps.
    """
    sight = VIA_PROXY | {
        "direct_down_bytes_per_s": [200.0, np.nan, 400 / 6, np.nan],
        "direct_up_bytes_per_s": [100.0, np.nan, 400.0, np.nan],
    }
    one = view(4, sight)
    assert expected_direct_sim_s(one, 1, [0]) == 4 + 16 + 5
    assert expected_direct_sim_s(one, 1, [0, 2]) == pytest.approx(4 + 17 + 5)
    assert expected_direct_sim_s(one, 1, [0], np.array([10, 40, 10, 10])) == 4 + 40 + 5
    assert expected_direct_sim_s(one, 1, [0], up_bytes=200.0) == 4 + 14 + 5
    assert np.isnan(expected_direct_sim_s(one, 1, [0, 3]))


def test_a_party_is_in_the_forecast() -> None:
    """By way of partner 1: 4 + 1 + 10 + 2 + 5 s; partner 3 by itself takes 22 s."""
    seen = shown(400.0, 200.0)
    alone = Decision(partners=(0, 1, 2), direct={0: 1, 2: 1})
    assert Forecaster().predict(seen, alone, None).took_sim_s == 22.0
    slower = replace(seen, up_bytes_at=(800.0,))
    assert Forecaster().predict(slower, alone, None).took_sim_s == 24.0
    among = Decision(partners=(0, 1, 2, 3), direct={0: 1, 2: 1})
    sight = replace(seen.partners, step_sim_s=np.array([1.0, 1.0, 1.0, 3.0]))
    assert Forecaster().predict(replace(seen, partners=sight), among, None).took_sim_s == 42.0


@pytest.mark.parametrize(
    ("direct_down", "direct_up", "direct"),
    [
        # 4 + (1 + 10 + 2) + 5 + 0.5 = 22.5 s, and by themselves 22.5 too
        (400.0, 200.0, {}),
        (400.0, 210.0, {0: 1, 2: 1, 3: 1}),
        (380.0, 200.0, {}),
    ],
)
def test_the_faster_way(direct_down: float, direct_up: float, direct: dict[int, int]) -> None:
    one = decider(max_party=None)
    assert one.decide(shown(direct_down, direct_up)).direct == direct


def test_a_queue_at_the_proxy_counts() -> None:
    """The three others wait for 4 s each, and the head, whose sum is alone, for 0.5 s."""
    sight = {"merge_sim_s": np.array([4.0, 0.5, 4.0, 4.0])}
    seen = shown(200.0, 150.0)  # 4 + (2 + 10 + 2.7) + 5 = 23.7 s against 22
    assert decider(max_party=None).decide(seen).direct == {}
    queued = replace(seen, partners=replace(seen.partners, **sight))
    assert decider(max_party=None).decide(queued).direct == {0: 1, 2: 1, 3: 1}


def test_the_proxy_first_then_each_group_once() -> None:
    one = decider(max_party=None)
    groups = {"direct_groups": ((0, 1), (2, 3))}
    unseen = view(4, {"step_sim_s": [np.nan] * 4}, **groups)
    assert one.decide(unseen).direct == {}
    assert one.decide(view(4, VIA_PROXY, **groups)).direct == {0: 1, 3: 2}
    # nothing was told, since the parties came too late: no second try
    assert one.decide(view(4, VIA_PROXY, **groups)).direct == {}


@pytest.mark.parametrize(("rates", "direct"), [((400.0, 100.0), {2: 1}), ((100.0, 100.0), {})])
def test_who_has_not_been_seen_is_as_the_others_of_the_group(
    rates: tuple[float, float], direct: dict[int, int]
) -> None:
    """Partner 2 as of 0 and 3 in the mean: 250 bytes/s, 4 + (1.6 + 10 + 1) + 5 + 0.5 = 22.1 s; or
    100 bytes/s, 24.5 s.
    """
    seen = shown(400.0, 400.0, available=(1, 2))
    known = np.array([rates[0], np.nan, np.nan, rates[1]])
    partly = replace(seen, partners=replace(seen.partners, direct_down_bytes_per_s=known))
    assert decider().decide(partly).direct == direct


def test_parties_have_a_limit() -> None:
    seen = shown(4000.0, 4000.0)
    sight = replace(seen.partners, up_bytes_per_s=np.array([50.0, 80.0, 50.0, 70.0]))
    seen = replace(seen, partners=sight)
    assert decider(max_party=2).decide(seen).direct == {0: 1, 2: 3}
    assert decider(max_party=3).decide(seen).direct == {0: 1, 2: 1}
    assert decider(max_party=1).decide(seen).direct == {}


def test_only_who_takes_part_is_in_a_party() -> None:
    seen = shown(4000.0, 4000.0, available=(1, 3))
    assert decider(max_party=None).decide(seen).direct == {3: 1}
    assert decider(max_party=None).decide(shown(4e3, 4e3, direct_groups=())).direct == {}


def test_a_party_has_someone() -> None:
    with pytest.raises(ValueError, match=r"agent.max_party must be at least 1, got 0; 1 sends"):
        agent("direct", max_party=0)


THIN = (
    *("scenario=uniform", "scenario.num_partners=20", "budget.num_epochs=10"),
    *("learner=none", "task=sized", "task.num_samples=2400", "task.num_parameters=1000000"),
    *("task.train_flops_per_sample=1e6", "partition=iid", "mode=proxy/federated"),
    *("mode.local_steps=3", "agent=direct"),
)


@pytest.mark.parametrize(
    ("settings", "times"),
    [
        # twenty partners on a line as thin as each of theirs
        (
            (
                "scenario.proxy.uplink_bytes_per_s=12.5e6",
                "scenario.proxy.downlink_bytes_per_s=12.5e6",
            ),
            (0.3, 0.5),
        ),
        # the proxy's line is ten times as fast: one slow round, and then the proxy
        ((), (1.0, 1.12)),
    ],
)
def test_a_run_goes_the_faster_way(settings: tuple[str, ...], times: tuple[float, float]) -> None:
    made = assemble(build(compose(*THIN, *settings)))[0]
    took_sim_s = []
    for name in ("static", "direct"):
        one = replace(made, agent=agent(name))
        world = World(one, TimeOnly(), lambda fraction: None)
        took_sim_s.append(world.run().rounds[-1].end_sim_s)
    assert times[0] < took_sim_s[1] / took_sim_s[0] < times[1]
