"""The network falls apart at the stated times: nothing passes, all else goes on."""

from typing import Any

import pytest

from sim.fault.partition import Partition
from sim.presence import Steps
from sim.topology.hierarchical import Hierarchical
from sim.world import World
from tests.sim.conftest import partner
from tests.sim.fault.test_crashes import AT_A
from tests.sim.mode.settings import federated

SITES = Hierarchical(
    num_sites=2,
    wan_bytes_per_s=1000.0,
    wan_latency_sim_s=0.0,
    wan_jitter_sim_s=0.0,
    backbone_bytes_per_s=None,
)


class SendAll:
    """Send 100 bytes between every two machines at each of some times; log what arrives when."""

    def __init__(self, *times_sim_s: float) -> None:
        self.times_sim_s = times_sim_s
        self.delays: dict[tuple[float, str, str], float] = {}

    def run(self, world: World) -> Steps:
        world.begin([])
        shard = world.add_server("shard", AT_A, like="p0")
        self.machines = [*world.members, world.proxy, shard]
        sends = [
            world.env.process(self._send(world, time_sim_s)) for time_sim_s in self.times_sim_s
        ]
        yield world.env.all_of(sends)
        world.end_round(
            [],
            merged=(),
            num_participants=1,
            num_samples=world.workload.total_samples,
            evaluates=None,
        )

    def _send(self, world: World, time_sim_s: float) -> Steps:
        yield world.env.timeout(time_sim_s)
        for source in self.machines:
            for target in self.machines:
                if source is not target:
                    start_sim_s = world.env.now
                    yield world.transfer(source, target, 1)
                    key = (time_sim_s, source.name, target.name)
                    self.delays[key] = world.env.now - start_sim_s


def held(mode: SendAll, time_sim_s: float) -> set[frozenset[str]]:
    """Return the pairs whose message took longer than any does by itself: 2 s."""
    return {
        frozenset({source, target})
        for (start_sim_s, source, target), seconds in mode.delays.items()
        if start_sim_s == time_sim_s and seconds > 2
    }


@pytest.mark.parametrize("seed", range(4))
def test_only_messages_between_the_parts_stand_still(simulate, seed: int) -> None:
    """Sent one after the other from 10 s on, with the cut from 5 s to 1,000 s: the first message
    between the parts waits, and only such a one.
    """
    mode = SendAll(10.0)
    fault = Partition(num_isolated=2, start_sim_s=5.0, duration_sim_s=995.0, period_sim_s=None)
    partners = [partner(f"p{number}") for number in range(4)]
    world, _ = simulate(mode, *partners, fault=fault, seed=seed)
    (pair,) = held(mode, 10.0)
    isolated = world.traffic.isolated
    assert len(isolated & {"p0", "p1", "p2", "p3"}) == 2
    assert ("shard" in isolated) == ("p0" in isolated)  # a server goes with its host
    assert len(pair & isolated) == 1


def test_a_round_waits_for_the_isolated_partner(simulate) -> None:
    fault = Partition(num_isolated=1, start_sim_s=5.0, duration_sim_s=20.0, period_sim_s=None)
    mode = federated()
    _, outcome = simulate(mode, partner("a"), fault=fault, num_epochs=1)
    # Model: 400 bytes at 100 bytes/s and 0.75 s of latency, until 4.75 s. 2 steps until 6.75 s.
    # The update of 400 bytes stands still until the network is whole, at 25 s, and takes 4.75 s.
    # Merged at 800 bytes/s in 0.5 s: 30.25 s.
    assert outcome.rounds[-1].end_sim_s == pytest.approx(30.25)
    assert [span[2:5] for span in outcome.spans if span[1] == "a"] == [
        ("transfer", 0.0, 4.75),
        ("compute", 4.75, 6.75),
        ("transfer", 6.75, 29.75),
        ("merge", 29.75, 30.25),
    ]


def test_the_cut_holds_from_time_0(simulate) -> None:
    """Messages that are sent at time 0 do not slip through."""
    fault = Partition(num_isolated=1, start_sim_s=0.0, duration_sim_s=20.0, period_sim_s=None)
    mode = federated()
    _, outcome = simulate(mode, partner("a"), fault=fault, num_epochs=1)
    # As above, all after 20 s: 20 + 4.75 + 2 + 4.75 + 0.5.
    assert outcome.rounds[-1].end_sim_s == pytest.approx(32.0)


def test_cuts_come_once_in_a_period(observe) -> None:
    fault = Partition(num_isolated=1, start_sim_s=2.0, duration_sim_s=3.0, period_sim_s=10.0)
    seen = observe(
        fault,
        lambda world: world.traffic.isolate(world.traffic.isolated).bytes_per_s == 0,
        until_sim_s=24,
        step_sim_s=1.0,
    )
    # Cut at 2, 12 and 22 s, mended at 5 and 15 s. The fault's events come before the look's.
    assert [second for second, is_cut in enumerate(seen) if is_cut] == [2, 3, 4, 12, 13, 14, 22, 23]


def test_a_whole_site_is_isolated(simulate) -> None:
    fault = Partition(num_isolated=None, start_sim_s=0.0, duration_sim_s=1.0, period_sim_s=None)
    partners = [partner(f"p{number}") for number in range(4)]
    groups = {
        simulate(SendAll(0.0), *partners, fault=fault, seed=seed, topology=SITES)[
            0
        ].traffic.isolated
        - {"shard"}
        for seed in range(8)
    }
    assert groups == {frozenset({"p0", "p1"}), frozenset({"p2", "p3"})}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"num_isolated": 0}, "num_isolated must be at least 1"),
        ({"start_sim_s": -1.0}, "start_sim_s must be finite and at least 0"),
        ({"duration_sim_s": 0.0}, "duration_sim_s must be finite and above 0"),
        ({"period_sim_s": 2.0}, "period_sim_s must be above duration_sim_s=2.0, got 2.0"),
    ],
)
def test_refuses_what_makes_no_sense(change: dict[str, Any], words: str) -> None:
    values: dict[str, Any] = {
        "num_isolated": 1,
        "start_sim_s": 0.0,
        "duration_sim_s": 2.0,
        "period_sim_s": None,
    }
    with pytest.raises(ValueError, match=words):
        Partition(**(values | change))


def test_refuses_a_group_that_the_consortium_does_not_have() -> None:
    def fault(num_isolated: int | None) -> Partition:
        return Partition(
            num_isolated=num_isolated, start_sim_s=0.0, duration_sim_s=1.0, period_sim_s=None
        )

    fault(4).check(4, 0)
    fault(None).check(4, 2)
    with pytest.raises(ValueError, match=r"num_isolated must be at most the 4 partners, got 5"):
        fault(5).check(4, 0)
    with pytest.raises(ValueError, match=r"where the topology has no sites, got None"):
        fault(None).check(4, 0)
