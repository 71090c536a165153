"""Partners and servers break down at random and come back after their restart."""

import itertools
from typing import Any

import pytest

from sim.consortium import Proxy
from sim.fault.partner_crash import PartnerCrash
from sim.fault.proxy_crash import ProxyCrash
from sim.world import World
from tests.sim.conftest import partner
from tests.sim.fault.conftest import Idle


def partners_up(world: World) -> tuple[bool, ...]:
    return tuple(member.is_up for member in world.members)


def servers_up(world: World) -> tuple[bool, ...]:
    return tuple(server.is_up for server in world.servers)


def lengths(states: list[bool]) -> list[int]:
    """Return how many looks in a row the state was False, for each such time but the last."""
    return [len(list(group)) for state, group in itertools.groupby(states) if not state][:-1]


def test_a_partner_is_down_for_its_restart_and_partners_take_equal_turns(observe) -> None:
    crash = PartnerCrash(mean_between_sim_s=10.0, restart_sim_s=2.0)
    seen = observe(crash, partners_up, until_sim_s=10_000, step_sim_s=0.25)
    for number in range(3):
        down = lengths([up[number] for up in seen])
        # 2 s are 8 looks, one every 0.25 s; twice as many when the next crash follows at once.
        assert all(looks % 8 == 0 for looks in down)
        # 1,000 crashes among 3 partners; the standard deviation is sqrt(1000 / 3) = 18.
        assert len(down) == pytest.approx(333, abs=75)


def test_when_nobody_is_up_nobody_breaks_down(observe) -> None:
    """Else a second crash would make the absence longer than its 5 s."""
    crash = PartnerCrash(mean_between_sim_s=2.0, restart_sim_s=5.0)
    seen = observe(crash, partners_up, until_sim_s=100, step_sim_s=0.25, num_partners=1)
    down = lengths([up for (up,) in seen])
    assert len(down) > 5
    assert all(looks % 20 == 0 for looks in down)


@pytest.mark.parametrize("which", ["one", "all"])
def test_one_server_or_all_break_down(simulate, which: str) -> None:
    seen: list[tuple[bool, ...]] = []

    def look(world: World) -> None:
        if not world.env.now:  # a mode's own server, put up in time
            world.add_server("shard", AT_A, like="a")
        seen.append(servers_up(world))

    crash = ProxyCrash(which=which, mean_between_sim_s=50.0, restart_sim_s=1.0)
    idle = Idle(until_sim_s=5000, step_sim_s=0.5, look=look)
    simulate(idle, partner("a"), fault=crash, num_replicas=2)
    num_down = {up.count(False) for up in seen[1:]}
    if which == "all":
        assert num_down == {0, 3}
    else:
        assert num_down >= {0, 1}
        assert all(False in states for states in zip(*seen[1:], strict=True))


AT_A = Proxy(
    uplink_bytes_per_s=100.0,
    downlink_bytes_per_s=100.0,
    latency_sim_s=0.0,
    num_replicas=1,
    num_workers=1,
    merge_bytes_per_s=100.0,
)


def test_the_same_partners_break_down_whatever_else_goes_on(observe) -> None:
    crash = PartnerCrash(mean_between_sim_s=10.0, restart_sim_s=2.0)
    first, second = (
        observe(crash, partners_up, until_sim_s=200, step_sim_s=step_sim_s)
        for step_sim_s in (0.5, 1.0)
    )
    assert first[::2] == second


@pytest.mark.parametrize(
    ("option", "values", "words"),
    [
        (
            PartnerCrash,
            {"mean_between_sim_s": 0.0, "restart_sim_s": 1.0},
            "mean_between_sim_s must",
        ),
        (PartnerCrash, {"mean_between_sim_s": 1.0, "restart_sim_s": 0.0}, "restart_sim_s must"),
        (
            ProxyCrash,
            {"which": "one", "mean_between_sim_s": 0.0, "restart_sim_s": 1.0},
            "mean_between_sim_s must",
        ),
        (
            ProxyCrash,
            {"which": "one", "mean_between_sim_s": 1.0, "restart_sim_s": 0.0},
            "restart_sim_s must",
        ),
        (
            ProxyCrash,
            {"which": "some", "mean_between_sim_s": 1.0, "restart_sim_s": 1.0},
            "which must be one of one, all, got 'some'",
        ),
    ],
)
def test_refuses_what_makes_no_sense(option: type, values: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        option(**values)
