"""Availability, bandwidth and faults go on beside the mode, from before it begins."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from sim.consortium import Partner
from sim.fault.partner_crash import PartnerCrash
from sim.ledger import NoProgress
from sim.machine import Machine
from sim.mode.solo import Solo
from sim.presence import Steps
from sim.transport.tcp import Tcp
from sim.world import World
from tests.sim.conftest import partner
from tests.sim.mode.settings import federated


@dataclass(frozen=True, kw_only=True)
class Phases:
    """Availability as listed, by partner."""

    phases_of: Mapping[str, tuple[tuple[bool, float], ...]]

    def check(self, partners: Any) -> None:
        """Accept any consortium."""

    def phases(self, partner: Partner, rng: np.random.Generator) -> Iterator[tuple[bool, float]]:
        yield from self.phases_of.get(partner.name, ((True, math.inf),))


@dataclass(frozen=True, kw_only=True)
class At:
    """A fault that does listed things at listed times: (time, method of presence, machine)."""

    acts: tuple[tuple[float, str, str], ...]

    def check(self, num_partners: int, num_sites: int) -> None:
        """Fit every consortium."""

    def run(self, world: World) -> Steps:
        machines: dict[str, Machine] = {one.name: one for one in [*world.members, *world.servers]}
        for time_sim_s, method, name in self.acts:
            yield world.env.timeout(time_sim_s - world.env.now)
            getattr(world.presence, method)(machines[name])


FEDERATED = federated(local_steps=1)


def spans_of(outcome: Any, actor: str) -> list[tuple[str, float, float]]:
    return [tuple(span[2:5]) for span in outcome.spans if span[1] == actor]


def test_who_is_away_at_the_start_is_not_asked(simulate) -> None:
    away = Phases(phases_of={"b": ((False, 1000.0), (True, math.inf))})
    _, outcome = simulate(FEDERATED, partner("a"), partner("b"), availability=away)
    assert all(one.num_dropped == 0 for one in outcome.rounds)
    assert {kind for kind, _, _ in spans_of(outcome, "b")} == {"down"}


def test_a_partner_does_its_work_again_when_it_is_back(simulate) -> None:
    away = Phases(phases_of={"a": ((True, 1.5), (False, 3.0), (True, math.inf))})
    _, outcome = simulate(Solo(), partner("a"), availability=away)
    # 2 steps of 1 s: broken off at 1.5 s, and done anew from 4.5 s to 6.5 s.
    assert spans_of(outcome, "a") == [
        ("compute", 0.0, 1.5),
        ("down", 1.5, 4.5),
        ("compute", 4.5, 6.5),
    ]


def test_who_is_down_for_two_reasons_is_up_when_both_are_over(simulate) -> None:
    """The fault's repair at 5 s must not bring back who is not available until 8 s, and the other
    way round.
    """
    away = Phases(
        phases_of={
            "a": ((True, 1.0), (False, 7.0), (True, math.inf)),
            "b": ((True, 2.0), (False, 1.0), (True, math.inf)),
        }
    )
    crashes = At(
        acts=(
            (1.5, "break_down", "b"),
            (2.5, "break_down", "a"),
            (5.0, "repair", "a"),
            (6.0, "repair", "b"),
        )
    )
    _, outcome = simulate(Solo(), partner("a"), partner("b"), availability=away, fault=crashes)
    assert spans_of(outcome, "a")[1:] == [("down", 1.0, 8.0), ("compute", 8.0, 10.0)]
    assert spans_of(outcome, "b")[1:3] == [("down", 1.5, 6.0), ("compute", 6.0, 8.0)]


def test_who_has_withdrawn_can_still_break_down(simulate) -> None:
    acts = At(
        acts=(
            (0.5, "withdraw", "a"),
            (1.0, "break_down", "a"),
            (2.0, "repair", "a"),
            (4.0, "repair", "a"),
        )
    )
    _, outcome = simulate(Solo(), partner("a"), fault=acts)
    # What it still had to do is lost at 1 s; both reasons are gone at 4 s.
    assert spans_of(outcome, "a") == [
        ("compute", 0.0, 1.0),
        ("down", 1.0, 4.0),
        ("compute", 4.0, 6.0),
    ]


def test_who_comes_back_while_it_still_works_has_never_been_away(simulate) -> None:
    acts = At(acts=((0.5, "withdraw", "a"), (1.0, "repair", "a")))
    _, outcome = simulate(Solo(), partner("a"), fault=acts)
    assert spans_of(outcome, "a") == [("compute", 0.0, 2.0)]


def test_who_has_withdrawn_does_not_go_on_with_what_is_given_up(simulate) -> None:
    """The slower partner has withdrawn when the round ends without it: its transfer stops."""
    half = federated(local_steps=1, keep_fraction=0.5)
    acts = At(acts=((1.0, "withdraw", "b"),))
    world, outcome = simulate(
        half, partner("a"), partner("b", downlink_bytes_per_s=10.0), fault=acts
    )
    # a: the model until 4.75 s, a step until 5.75 s, its update until 10.5 s, merged at 11 s.
    assert outcome.rounds[1].end_sim_s == pytest.approx(11.0)
    assert spans_of(outcome, "b")[0] == ("transfer", 0.0, pytest.approx(11.0))
    # 10 bytes/s from 0 s to 11 s.
    assert world.members[1].downlink.carried_bytes == pytest.approx(110.0)


def test_a_run_whose_partners_are_gone_for_good_says_so(simulate) -> None:
    gone = Phases(phases_of={"a": ((True, 0.5), (False, math.inf))})
    with pytest.raises(NoProgress, match="Solo waits for an event that never comes"):
        simulate(Solo(), partner("a"), availability=gone)


def test_a_run_that_is_stuck_says_so_though_other_things_go_on(simulate) -> None:
    # b comes and goes every ten days; a, without whom solo's round can't end, is gone for good.
    come_and_go = ((True, 864_000.0), (False, 864_000.0)) * 40
    phases = Phases(phases_of={"a": ((True, 0.5), (False, math.inf)), "b": come_and_go})
    with pytest.raises(NoProgress, match="in the year after 0 virtual seconds, in round 1;"):
        simulate(Solo(), partner("a"), partner("b"), availability=phases)


@dataclass(frozen=True, kw_only=True)
class Halved:
    """Halve every link's line rate at a time; remember what was there."""

    time_sim_s: float
    seen: dict[str, float]

    def changes(
        self, nominal: Mapping[str, float], rng: np.random.Generator
    ) -> Iterator[tuple[float, str, float]]:
        self.seen.update(nominal)
        for name, bytes_per_s in nominal.items():
            yield self.time_sim_s, name, bytes_per_s / 2


def test_bandwidth_speaks_of_line_rates(simulate) -> None:
    halved = Halved(time_sim_s=2.75, seen={})
    tcp = Tcp(efficiency=0.5, window_bytes=1e9)
    _, outcome = simulate(FEDERATED, partner("a"), bandwidth=halved, transport=tcp)
    assert halved.seen["a.up"] == pytest.approx(100.0)
    assert halved.seen["proxy.down"] == pytest.approx(1000.0)
    # The model: 50 bytes/s until 2.75 s, 262.5 bytes at 25 bytes/s and 0.75 s of latency: 14 s.
    assert spans_of(outcome, "a")[0] == ("transfer", 0.0, pytest.approx(14.0))


def test_bandwidth_changes_reach_the_servers_that_a_mode_puts_up(simulate) -> None:
    class WithServer:
        def run(self, world: World) -> Steps:
            world.add_server("shard", world.setting.consortium.proxy, like="a")
            world.begin([])
            yield world.env.timeout(1)
            world.end_round([], merged=(), num_participants=1, num_samples=8, evaluates=None)

    halved = Halved(time_sim_s=0.5, seen={})
    world, _ = simulate(WithServer(), partner("a"), bandwidth=halved)
    assert world.servers[-1].uplink.bytes_per_s == pytest.approx(500.0)


def test_a_bandwidth_change_during_an_outage_waits_for_its_end(simulate) -> None:
    class Cut:
        def check(self, num_partners: int, num_sites: int) -> None:
            """Fit every consortium."""

        def run(self, world: World) -> Steps:
            yield world.env.timeout(1.0)
            world.outages.cut(world.members[0].downlink)
            yield world.env.timeout(2.0)
            world.outages.mend(world.members[0].downlink)

    halved = Halved(time_sim_s=2.0, seen={})
    _, outcome = simulate(FEDERATED, partner("a"), bandwidth=halved, fault=Cut())
    # 100 bytes until 1 s, nothing until 3 s, 300 bytes at 50 bytes/s, 0.75 s of latency.
    assert spans_of(outcome, "a")[0] == ("transfer", 0.0, pytest.approx(9.75))


def test_faults_do_not_change_what_else_is_drawn(simulate) -> None:
    """A crash that never comes leaves the run as it was."""
    rare = PartnerCrash(mean_between_sim_s=1e12, restart_sim_s=1.0)
    with_fault, without = (
        simulate(FEDERATED, partner("a"), partner("b"), num_participants=1, **groups)[1].spans
        for groups in ({"fault": rare}, {})
    )
    assert with_fault == without
