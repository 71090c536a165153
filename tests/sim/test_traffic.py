"""Messages and collectives between machines: over the way that the topology gives, at the rate that
the transport lets through.

Partners have 100 bytes/s each way and 0.5 s latency to the backbone.
"""

import numpy as np
import pytest
import simpy

from sim.collective import Phase
from sim.collective.algorithms import ALGORITHMS, allreduce
from sim.collective.star import broadcast, gather
from sim.consortium import Consortium, Proxy
from sim.machine import Machine
from sim.network import Network
from sim.presence import Steps
from sim.routing import Router
from sim.topology import Topology
from sim.topology.hierarchical import Hierarchical
from sim.topology.star import Star
from sim.traffic import Traffic
from sim.transport import Transport
from sim.transport.ideal import Ideal
from sim.transport.sealed import Sealed
from sim.transport.tcp import Tcp
from tests.sim.conftest import partner

STAR = Star(backbone_bytes_per_s=None)
SITES = Hierarchical(
    num_sites=2,
    wan_bytes_per_s=40.0,
    wan_latency_sim_s=2.0,
    wan_jitter_sim_s=0.0,
    backbone_bytes_per_s=None,
)
PROXY = Proxy(
    uplink_bytes_per_s=1000.0,
    downlink_bytes_per_s=1000.0,
    latency_sim_s=0.25,
    num_replicas=1,
    num_workers=1,
    merge_bytes_per_s=1.0,
)


class Place:
    """Four partners, and a log of what arrives when."""

    def __init__(self, topology: Topology = STAR, transport: Transport | None = None) -> None:
        transport = transport or Ideal()
        consortium = Consortium(partners=tuple(map(partner, "abcd")), proxy=PROXY)
        self.env = simpy.Environment()
        self.network = Network(self.env, np.random.default_rng(0))
        self.traffic = Traffic(self.network, Router(topology.wire(consortium)), transport)
        self.machines = [
            Machine(self.env, one.name, one, transport.efficiency) for one in consortium.partners
        ]
        self.log: list[tuple[str, float]] = []

    def send(self, source: int, target: int, num_bytes: float) -> None:
        """Send a message, and log its arrival."""
        ends = self.machines[source], self.machines[target]
        transfer = self.traffic.send(*ends, num_bytes)
        name = f"{ends[0].name}->{ends[1].name}"
        transfer.callbacks.append(lambda event: self.log.append((name, self.env.now)))

    def run(self, phases: tuple[Phase, ...], num_members: int = 4) -> float:
        """Return how long a collective takes."""
        steps = self.traffic.collective(self.machines[:num_members], phases)
        self.env.run(self.env.process(steps))
        return self.env.now

    def at(self, time_sim_s: float, act) -> None:
        """Do something later."""
        self.env.timeout(time_sim_s).callbacks.append(lambda _event: act())


def test_a_message_takes_its_bytes_and_the_latency_of_both_access_links() -> None:
    place = Place()
    place.send(0, 1, 300)
    place.env.run()
    assert place.log == [("a->b", 300 / 100 + 1)]


def test_two_that_send_to_one_share_its_downlink() -> None:
    place = Place()
    place.send(0, 2, 300)
    place.send(1, 2, 100)
    place.send(2, 0, 100)
    place.env.run()
    # c's answer has its own direction; b's 100 bytes at 50 bytes/s, then a has all: 100 + 200
    assert place.log == [("c->a", 2), ("b->c", 3), ("a->c", 5)]


def test_messages_cross_the_cables_between_sites_and_only_those() -> None:
    place = Place(SITES)
    place.send(0, 1, 200)
    place.send(0, 2, 200)
    place.env.run()
    # to the other site 40 bytes/s and 2 * 2 s more latency; its neighbour gets the other 60 bytes/s
    assert place.log == [("a->b", pytest.approx(200 / 60 + 1)), ("a->c", pytest.approx(5 + 5))]
    carried = {name: link.carried_bytes for name, link in place.traffic.links([]).items()}
    assert carried == {
        "site0->core": 200,
        "core->site0": 0,
        "site1->core": 0,
        "core->site1": 200,
    }


def test_a_window_limits_each_flow_by_its_round_trip() -> None:
    place = Place(transport=Tcp(efficiency=0.5, window_bytes=40.0))
    place.send(0, 1, 100)
    place.send(0, 2, 100)
    place.send(3, 2, 100)
    place.env.run()
    # a round trip of 2 s: 20 bytes/s each, less than half of the 50 that headers leave of a line
    assert sorted(place.log) == [(name, 100 / 20 + 1) for name in ("a->b", "a->c", "d->c")]


def test_headers_take_their_part_of_every_line() -> None:
    place = Place(SITES, Tcp(efficiency=0.5, window_bytes=1e9))
    place.send(0, 1, 100)
    place.send(2, 0, 100)
    place.env.run()
    assert place.log == [("a->b", 100 / 50 + 1), ("c->a", 100 / 20 + 5)]


@pytest.mark.parametrize("num_members", [2, 3, 4])
def test_a_star_gathers_at_the_pace_of_one_link(num_members: int) -> None:
    """α + (p-1) n / β: all arrive at member 0, whose downlink they share."""
    gathered = Place().run(gather(num_members, 50.0), num_members)
    assert gathered == pytest.approx(1 + (num_members - 1) * 50 / 100, rel=1e-12)
    both = (*gather(num_members, 50.0), *broadcast(num_members, 50.0))
    assert Place().run(both, num_members) == pytest.approx(2 * gathered, rel=1e-12)


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
@pytest.mark.parametrize("topology", [STAR, SITES], ids=["star", "sites"])
def test_alone_a_collective_takes_as_long_as_is_foretold(
    algorithm: str, topology: Topology
) -> None:
    place = Place(topology)
    phases = allreduce(algorithm, 4, 400.0, ((0, 1), (2, 3)))
    foretold_sim_s = place.traffic.lone_sim_s(place.machines, phases)
    assert place.run(phases) == pytest.approx(foretold_sim_s, rel=1e-12)


def test_a_collective_shares_links_with_messages() -> None:
    place = Place()
    place.send(0, 1, 100)
    # a ring of four: 6 steps of 100 bytes and 1 s. While a's message goes, a's uplink gives each
    # half: the message's 100 bytes in 2 s, of the ring's 600 another 100; the other 500 in 5 s
    assert place.run(allreduce("ring", 4, 400.0, ())) == pytest.approx(2 + 5 + 6)
    assert place.log == [("a->b", 3)]


def test_an_interrupted_collective_leaves_nothing_under_way() -> None:
    place = Place()

    def give_up() -> Steps:
        process = place.env.process(_until_interrupted(place))
        yield place.env.timeout(2)
        process.interrupt()

    place.env.process(give_up())
    place.env.run()
    # each of four has sent 200 bytes of its 600
    assert place.network.sent_bytes == pytest.approx(4 * 200)
    assert not any(machine.uplink.flows for machine in place.machines)


def _until_interrupted(place: Place) -> Steps:
    try:
        yield from place.traffic.collective(place.machines, allreduce("ring", 4, 400.0, ()))
    except simpy.Interrupt:
        place.log.append(("interrupted", place.env.now))


def test_the_same_phases_among_other_members_have_other_routes() -> None:
    place = Place(SITES)
    phases = allreduce("ring", 2, 400.0, ())
    near = place.traffic.lone_sim_s(place.machines[:2], phases)
    far = place.traffic.lone_sim_s(place.machines[1:3], phases)
    assert (near, far) == (pytest.approx(2 * (2 + 1)), pytest.approx(2 * (5 + 5)))


def test_messages_through_a_gate_stand_still_while_it_is_cut() -> None:
    place = Place()
    place.send(0, 1, 100)  # on its way before there is a gate
    gate = place.traffic.isolate(frozenset("ab"))
    place.network.set_bandwidth(gate, 0.0)
    for source, target in ((2, 3), (3, 1)):
        place.send(source, target, 100)
    place.at(10, lambda: place.network.set_bandwidth(gate, float("inf")))
    place.env.run()
    assert sorted(place.log) == [("a->b", 2), ("c->d", 2), ("d->b", 12)]


def test_what_is_plugged_in_beside_an_isolated_machine_is_isolated() -> None:
    place = Place()
    gate = place.traffic.isolate(frozenset("ab"))
    for name, like in (("near", "b"), ("far", "c")):
        place.traffic.plug(name, like=like)
        place.machines.append(Machine(place.env, name, partner(name), 1.0))
    a, _, _, d, near, far = place.machines
    crossed = {
        (source.name, target.name): gate in place.traffic.route(source, target).weights
        for source, target in ((a, near), (near, far), (a, far), (far, d))
    }
    assert crossed == {
        ("a", "near"): False,
        ("near", "far"): True,
        ("a", "far"): True,
        ("far", "d"): False,
    }


def test_links_are_known_by_name() -> None:
    place = Place(SITES)
    names = sorted(place.traffic.links(place.machines[:1]))
    assert names == [
        "a.down",
        "a.up",
        "core->site0",
        "core->site1",
        "site0->core",
        "site1->core",
    ]


def sealed(**changes: float) -> Sealed:
    settings = {"tcp_efficiency": 0.5, "window_bytes": 1e9, "record_bytes": 8.0}
    return Sealed(**(settings | {"overhead_bytes": 2.0, "sealing_bytes_per_s": 1e9} | changes))


def test_sealed_records_take_their_part_and_a_core_limits_a_flow() -> None:
    assert sealed().efficiency == pytest.approx(0.5 * 8 / 10)
    assert sealed(overhead_bytes=0.0).efficiency == 0.5
    assert sealed(window_bytes=40.0).flow_bytes_per_s(2.0) == 20.0
    assert sealed(window_bytes=40.0, sealing_bytes_per_s=15.0).flow_bytes_per_s(2.0) == 15.0
    assert sealed(sealing_bytes_per_s=15.0).flow_bytes_per_s(0.0) == 15.0


@pytest.mark.parametrize(
    ("setting", "value"),
    [("tcp_efficiency", 0.0), ("tcp_efficiency", 1.1), ("overhead_bytes", -1.0)]
    + [(name, 0.0) for name in ("window_bytes", "record_bytes", "sealing_bytes_per_s")],
)
def test_sealed_refuses_what_no_link_has(setting: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"^{setting} must be .* got {value}; "):
        sealed(**{setting: value})


def test_a_message_over_a_sealed_transport() -> None:
    place = Place(transport=sealed(sealing_bytes_per_s=20.0))
    place.send(0, 1, 100)
    place.env.run()
    assert place.log == [("a->b", 100 / 20 + 1)]
    records = Place(transport=sealed(overhead_bytes=8.0))
    records.send(0, 1, 100)
    records.env.run()
    assert records.log == [("a->b", 100 / (100 * 0.5 * 0.5) + 1)]
