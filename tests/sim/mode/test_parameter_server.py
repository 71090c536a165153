"""Parameter servers: push, add up, pull; in step or not."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.learner import Merged, Model, Work
from sim.learner.none import TimeOnly
from sim.mode.partner.allreduce import Allreduce
from sim.mode.partner.parameter_server import ParameterServer
from sim.outcome import Outcome
from sim.world import World
from tests.sim.breakdowns import breaks
from tests.sim.conftest import partner
from tests.sim.recording import Recording

AT_ONCE = 1e12  # bytes/s: adding up takes no time


def mode(**changes: Any) -> ParameterServer:
    """Return one server at the first partner that adds 400 bytes up in 0.5 s, without overlap."""
    values = {
        "num_servers": 1,
        "placement": "partners",
        "server_merge_bytes_per_s": 800.0,
        "consistency": "synchronous",
        "num_partitions": 1,
        "staleness_bound": 0,
    }
    return ParameterServer(**(values | changes))


def spans_of(outcome: Outcome, name: str) -> list[tuple[str, float, float]]:
    return [
        (kind, pytest.approx(start_sim_s), pytest.approx(end_sim_s))
        for _, actor, kind, start_sim_s, end_sim_s, _ in outcome.spans
        if actor == name
    ]


def ends(outcome: Outcome) -> list[float]:
    return [one.end_sim_s for one in outcome.rounds[1:]]


def without_latency(simulate, mode: ParameterServer, num_partners: int) -> tuple[World, float]:
    """Return a world of equal links of 1000 bytes/s without latency, and how long its steps'
    communication takes.
    """
    equal = {"uplink_bytes_per_s": 1000.0, "downlink_bytes_per_s": 1000.0, "latency_sim_s": 0.0}
    partners = [partner(f"p{number}", **equal) for number in range(num_partners)]
    setting = simulate(mode, *partners)[0].setting
    consortium = setting.consortium
    consortium = replace(consortium, proxy=replace(consortium.proxy, latency_sim_s=0.0))
    world = World(replace(setting, consortium=consortium), TimeOnly(), lambda fraction: None)
    return world, world.run().rounds[1].end_sim_s - 1  # a step computes for 1 s


def test_schedule(simulate) -> None:
    world, outcome = simulate(mode(), partner("a"), partner("b"))
    # a hosts the server, and adds its own gradient up from 1 on. b's is on its way for 400 / 100 s
    # and 0.5 + 0.5 s of latency, and added up until 6.5; then b pulls for another 5 s
    assert spans_of(outcome, "a")[:3] == [("compute", 0, 1), ("merge", 1, 1.5), ("wait", 1.5, 11.5)]
    assert spans_of(outcome, "b")[:4] == [
        ("compute", 0, 1),
        ("transfer", 1, 6),
        ("merge", 6, 6.5),
        ("transfer", 6.5, 11.5),
    ]
    assert spans_of(outcome, "a/server")[:2] == [("merge", 1, 1.5), ("merge", 6, 6.5)]
    assert ends(outcome) == pytest.approx([11.5, 23])
    assert [member.uplink.carried_bytes for member in world.members] == pytest.approx([800, 800])


@pytest.mark.parametrize("num_partners", [2, 3, 6])
def test_one_server_has_its_closed_form(simulate, num_partners: int) -> None:
    partners = [
        partner(f"p{number}", uplink_bytes_per_s=1e6, downlink_bytes_per_s=1e6)
        for number in range(num_partners)
    ]
    _, outcome = simulate(mode(placement="dedicated"), *partners)
    # n · 400 bytes at the server's 1000 bytes/s, 0.5 + 0.25 s latency, each way; n sums of 0.5 s
    one_way_sim_s = num_partners * 0.4 + 0.75
    assert outcome.rounds[1].end_sim_s == pytest.approx(
        1 + 2 * one_way_sim_s + num_partners * 0.5, rel=1e-6
    )


def test_two_servers_halve_the_bottleneck(simulate) -> None:
    partners = [
        partner(f"p{number}", uplink_bytes_per_s=1e6, downlink_bytes_per_s=1e6)
        for number in range(4)
    ]
    _, outcome = simulate(mode(placement="dedicated", num_servers=2), *partners)
    # 4 · 200 bytes at 1000 bytes/s, 0.75 s latency; 4 sums of 200 bytes at 800 bytes/s
    assert outcome.rounds[1].end_sim_s == pytest.approx(1 + 2 * (0.8 + 0.75) + 1, rel=1e-6)


@pytest.mark.parametrize("num_partitions", [1, 4])
@pytest.mark.parametrize("num_partners", [2, 4])
def test_a_shard_at_every_partner_is_as_fast_as_a_ring(
    simulate, num_partners: int, num_partitions: int
) -> None:
    servers = mode(
        num_servers=num_partners, num_partitions=num_partitions, server_merge_bytes_per_s=AT_ONCE
    )
    _, took_sim_s = without_latency(simulate, servers, num_partners)
    # 2 (n − 1) M / (n B)
    assert took_sim_s == pytest.approx(2 * (num_partners - 1) / num_partners * 0.4, rel=1e-6)


@pytest.mark.parametrize("num_partitions", [1, 8])
@pytest.mark.parametrize(("num_partners", "num_servers"), [(4, 2), (4, 4), (3, 1), (8, 3)])
def test_mixed_placement_has_the_closed_form_of_byteps(
    simulate, num_partners: int, num_servers: int, num_partitions: int
) -> None:
    servers = mode(
        placement="mixed",
        num_servers=num_servers,
        num_partitions=num_partitions,
        server_merge_bytes_per_s=AT_ONCE,
    )
    world, took_sim_s = without_latency(simulate, servers, num_partners)
    n, k = num_partners, num_servers
    # every link carries this both ways in a step, at 1000 bytes/s: 4 workers, 2 servers: 0.48 s
    bandwidth_sim_s = 2 * n * (n - 1) * 0.4 / (n * n + k * n - 2 * k)
    for machine in [*world.members, *world.servers[-k:]]:
        for link in (machine.uplink, machine.downlink):
            assert link.carried_bytes == pytest.approx(2 * 1000 * bandwidth_sim_s)  # 2 steps
    # what is dedicated is only pushed in the first of P + 1 phases, and only pulled in the last
    dedicated = n * 2 * (n - 1) / (n * n + k * n - 2 * k) * 0.4
    assert took_sim_s == pytest.approx(bandwidth_sim_s + dedicated / num_partitions, rel=1e-6)


def test_synchronous_learns_from_the_same_works_as_allreduce(simulate) -> None:
    partners = [partner("a"), partner("b", speed=0.5), partner("c", latency_sim_s=2.0)]
    server, ring = Recording(), Recording()
    simulate(mode(num_partitions=3), *partners, learner=server, num_epochs=3)
    simulate(Allreduce(algorithm="ring", fusion=None), *partners, learner=ring, num_epochs=3)
    assert server.works == ring.works


def test_partitions_overlap(simulate) -> None:
    """Half of the slice is pulled while the other half is pushed."""
    partners = [partner("a", latency_sim_s=0.0), partner("b", latency_sim_s=0.0)]
    _, outcome = simulate(mode(num_partitions=2, server_merge_bytes_per_s=AT_ONCE), *partners)
    # b pushes from 1 to 3 and from 3 to 5, and pulls from 3 to 5 and from 5 to 7: up and down are
    # links of their own
    assert ends(outcome)[0] == pytest.approx(7)
    assert spans_of(outcome, "b/background")[:1] == [("transfer", 3, 5)]


def test_asynchronous_workers_keep_their_own_pace(simulate) -> None:
    learner = Recording()
    _, outcome = simulate(
        mode(placement="dedicated", consistency="asynchronous"),
        partner("a"),
        partner("b", speed=0.5),
        learner=learner,
    )
    # one way 4 + 0.75 s, a sum 0.5 s. a computes until 1 and has pushed at 6.25, then pulls 4.75 s,
    # computes 1 s, pushes 5.25 s: 17.25. b computes 2 s: 7.25, and 12 s later 19.25
    assert ends(outcome) == pytest.approx([7.25, 19.25])
    # a pulled when only its own push had been applied, b when both had been
    assert [(work.partner, work.start.version) for work in learner.works] == [
        (0, 0),
        (1, 0),
        (0, 1),
        (1, 2),
    ]


@pytest.mark.parametrize("num_partners", [1, 2, 4])
def test_asynchronous_throughput(simulate, num_partners: int) -> None:
    """As long as nobody gets into another's way, n workers do n steps in a worker's cycle."""
    partners = [partner(f"p{number}") for number in range(num_partners)]
    servers = mode(
        placement="dedicated", consistency="asynchronous", server_merge_bytes_per_s=AT_ONCE
    )
    _, outcome = simulate(servers, *partners, num_epochs=10)
    # a cycle: 1 s of computing, twice 4.75 s on the way; the first one needs no pull
    cycles_sim_s = [1 + 4.75 + number * 10.5 for number in range(20)]
    assert ends(outcome) == pytest.approx(cycles_sim_s)


def test_the_bound_holds_up_the_fast(simulate) -> None:
    partners = [partner("a"), partner("b", speed=0.1)]
    _, outcome = simulate(mode(placement="dedicated", consistency="stale"), *partners)
    # a has pushed at 6.25; b computes until 10 and has pushed at 15.25, when a may pull
    assert spans_of(outcome, "a")[:5] == [
        ("compute", 0, 1),
        ("transfer", 1, 5.75),
        ("merge", 5.75, 6.25),
        ("wait", 6.25, 15.25),
        ("transfer", 15.25, 20),
    ]
    assert ends(outcome) == pytest.approx([15.25, 35.25])


def test_a_bound_of_one_lets_the_fast_be_one_ahead(simulate) -> None:
    partners = [partner("a"), partner("b", speed=0.1)]
    servers = mode(placement="dedicated", consistency="stale", staleness_bound=1)
    _, outcome = simulate(servers, *partners, num_epochs=2)
    # a's second step is done at 17.25, when b (15.25) is 1 behind: a goes on, done at 28.25; b is
    # then 2 behind until 35.25
    waits = [span for span in spans_of(outcome, "a") if span[0] == "wait"]
    assert waits[0] == ("wait", 28.25, 35.25)


class Staleness(TimeOnly):
    """Keep who stepped, and how many steps others had taken since it pulled."""

    def __init__(self) -> None:
        self.partners: list[int] = []
        self.staleness: list[int] = []

    def step(self, model: Model, works: Sequence[Work]) -> Merged:
        (work,) = works
        self.partners.append(work.partner)
        self.staleness.append(model.version - work.start.version)
        return super().step(model, works)

    def largest_lead(self) -> int:
        """Return by how many steps the fastest was ahead of the slowest at most."""
        num_steps = dict.fromkeys(self.partners, 0)
        lead = 0
        for one in self.partners:
            num_steps[one] += 1
            lead = max(lead, max(num_steps.values()) - min(num_steps.values()))
        return lead


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # `simulate` keeps no state
)
@given(speeds=st.lists(st.floats(0.05, 5), min_size=2, max_size=4), bound=st.integers(0, 3))
def test_the_bound_bounds_staleness(simulate, speeds: list[float], bound: int) -> None:
    """A worker begins its step c + 1 when all have done c − s, and nobody gets beyond c + s + 1
    meanwhile: from each of the n − 1 others come at most 2s + 1 steps.
    """
    partners = [partner(f"p{number}", speed=speed) for number, speed in enumerate(speeds)]
    learner = Staleness()
    servers = mode(consistency="stale", staleness_bound=bound)
    simulate(servers, *partners, learner=learner, num_epochs=10)
    assert learner.largest_lead() <= bound + 1
    assert max(learner.staleness) <= (len(partners) - 1) * (2 * bound + 1)


def test_without_a_bound_staleness_is_what_it_is(simulate) -> None:
    learner = Staleness()
    partners = [partner("slow", speed=0.01), partner("b"), partner("c")]
    simulate(mode(consistency="asynchronous"), *partners, learner=learner, num_epochs=10)
    assert learner.largest_lead() > 10
    assert max(learner.staleness) > 10


def test_a_worker_that_breaks_down_loses_its_step_and_pulls_again(simulate) -> None:
    _, outcome = simulate(mode(), partner("a"), partner("b"), fault=breaks(("b", 3.0, 5.0)))
    # b is let go at 3, the sum is a's gradient alone. a steps alone for 1.5 s twice; from 6 on b
    # pulls until 11, computes until 12, has pushed at 17.5 and pulled at 22.5
    assert ends(outcome) == pytest.approx([3, 4.5, 6, 22.5])
    assert [one.num_participants for one in outcome.rounds[1:]] == [1, 1, 1, 2]
    assert [one.num_dropped for one in outcome.rounds[1:]] == [1, 0, 0, 0]


def test_everyone_waits_for_a_partner_that_hosts(simulate) -> None:
    _, outcome = simulate(mode(), partner("a"), partner("b"), fault=breaks(("a", 3.0, 5.0)))
    # a's gradient is in by then. b sends its own again from 5 on: added up at 10.5, pulled at 15.5
    assert ends(outcome)[0] == pytest.approx(15.5)
    assert outcome.rounds[1].num_participants == 2


def test_everyone_waits_for_a_dedicated_server(simulate) -> None:
    servers = mode(placement="dedicated", consistency="asynchronous")
    fault = breaks(("server-0", 5.0, 10.0))
    _, outcome = simulate(servers, partner("a"), partner("b"), fault=fault)
    # both pushes have been under way since 1; sent again at 10 they arrive at 14.75, and are added
    # up one after the other
    assert ends(outcome)[0] == pytest.approx(15.75)


def test_a_server_process_that_breaks_down_at_a_partner_loses_its_queue(simulate) -> None:
    fault = breaks(("a/server", 6.25, 8.0))
    _, outcome = simulate(mode(), partner("a"), partner("b"), fault=fault)
    # b's gradient was being added up from 6 on; sent again it is there at 13 and added up at 13.5
    assert spans_of(outcome, "b")[1:6] == [
        ("transfer", 1, 6),
        ("merge", 6, 6.25),
        ("wait", 6.25, 8),
        ("transfer", 8, 13),
        ("merge", 13, 13.5),
    ]
    assert ends(outcome)[0] == pytest.approx(18.5)


def test_the_bound_counts_only_those_who_are_up(simulate) -> None:
    """The slowest breaks down for good, as far as this run sees."""
    partners = [partner("a"), partner("b"), partner("slow", speed=0.1)]
    _, outcome = simulate(
        mode(consistency="stale"), *partners, fault=breaks(("slow", 5.0, 1e6)), num_epochs=5
    )
    assert outcome.rounds[-1].end_sim_s < 1000
    assert outcome.rounds[-1].num_participants == 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_servers": 0}, r"num_servers must be at least 1, got 0; try mode.num_servers=1"),
        (
            {"placement": "cloud"},
            r"placement must be one of partners, dedicated, mixed, got 'cloud'",
        ),
        (
            {"consistency": "eventual"},
            r"consistency must be one of synchronous, asynchronous, stale",
        ),
        ({"num_partitions": 0}, r"num_partitions must be at least 1, got 0"),
        ({"staleness_bound": -1}, r"staleness_bound must be at least 0, got -1"),
        ({"server_merge_bytes_per_s": 0.0}, r"server_merge_bytes_per_s must be finite and above 0"),
    ],
)
def test_refuses(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        mode(**changes)


def test_refuses_more_servers_than_partners(simulate) -> None:
    with pytest.raises(ValueError, match=r"mode.num_servers must be at most the 2 partners"):
        simulate(mode(num_servers=3), partner("a"), partner("b"))
