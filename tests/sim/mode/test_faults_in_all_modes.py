"""What holds for every mode whatever goes wrong: the run ends and spends its budget, no second and
no byte is lost or counted twice, and who is down does nothing.

Every option of conf/fault and conf/availability, scaled to small worlds, all faults together, and
faults at random times.
"""

import importlib
import itertools
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runners.build import build
from sim.fault import Fault
from sim.fault.stragglers import Stragglers
from sim.machine import Machine
from sim.outcome import Outcome
from sim.presence import Steps
from sim.trace import KINDS
from sim.world import World
from tests.sim.mode.small_worlds import (
    CONF,
    MODES,
    NAMES,
    PARTNERS,
    WORLDS,
    Watch,
    access_links,
    machines,
    watched,
    with_option,
    worlds_of,
)

FAULTS: dict[str, dict[str, Any]] = {
    "none": {},
    "churn": {"mean_stay_sim_s": 0.2, "mean_away_sim_s": 0.05},
    "stragglers": {"fraction": 0.3, "mean_duration_sim_s": 0.05, "slowdown": 3.0},
    "outage": {"mean_between_sim_s": 0.1, "duration_sim_s": 0.03},
    "partition": {"start_sim_s": 0.02, "duration_sim_s": 0.05, "period_sim_s": 0.2},
    "proxy_crash": {"mean_between_sim_s": 0.1, "restart_sim_s": 0.02},
    "partner_crash": {"mean_between_sim_s": 0.1, "restart_sim_s": 0.02},
}
"""Each option of conf/fault; times are parts of what the run takes when all goes well, so that in
every mode several things go wrong, and not all the time.
"""

AVAILABILITIES: dict[str, dict[str, Any]] = {
    "always": {},
    "markov": {"mean_up_sim_s": 0.3, "mean_down_sim_s": 0.05},
    "diurnal": {"period_sim_s": 0.3, "up_fraction": 0.9, "offset_spread": 1.0},
    "trace": {"file": "small.csv"},
}
"""Each option of conf/availability, likewise."""

TRACE = ((0, "b", 0), (0.05, "a", 0), (0.1, "a", 1), (0.1, "c", 0), (0.2, "b", 1), (0.3, "c", 1))
"""Lines of small.csv: time, partner, and whether it is up from then on."""


@dataclass(frozen=True, kw_only=True)
class Ran:
    """Hold a run that has ended, and what was seen meanwhile."""

    world: World
    outcome: Outcome
    watch: Watch

    @property
    def broken_sim_s(self) -> float:
        """The seconds for which partners had broken down."""
        return sum(
            until_sim_s - from_sim_s
            for member in self.world.members
            for from_sim_s, until_sim_s in self.watch.broken[member.name]
        )


def run(simulate: Callable[..., Any], mode: str, world: str = "star", **groups: Any) -> Ran:
    """Run a mode in a small world under watch."""
    with watched() as watch:
        built, outcome = simulate(
            MODES[mode], *PARTNERS, num_epochs=8, num_evaluations=4, **(WORLDS[world] | groups)
        )
    return Ran(world=built, outcome=outcome, watch=watch)


QUIET_SIM_S: dict[tuple[str, str], float] = {}


def quiet_sim_s(simulate: Callable[..., Any], mode: str, world: str) -> float:
    """Return how long a run takes when all goes well."""
    if (mode, world) not in QUIET_SIM_S:
        QUIET_SIM_S[mode, world] = run(simulate, mode, world).world.env.now
    return QUIET_SIM_S[mode, world]


def option(group: str, name: str, settings: dict[str, Any], scale_sim_s: float) -> Any:
    """Return an option of a group, its times multiplied."""
    scaled = {
        key: value * scale_sim_s if key.endswith("_sim_s") else value
        for key, value in settings.items()
    }
    return getattr(build(with_option(group, name, scaled)), group)


def check(ran: Ran) -> None:
    """Assert all that must hold at the end of any run."""
    assert ran.world.is_spent
    check_rounds(ran)
    check_partners_time(ran)
    check_servers_time(ran)
    check_who_is_down(ran)
    check_bytes(ran)


def check_rounds(ran: Ran) -> None:
    """Rounds follow each other, and totals only rise."""
    for before, after in itertools.pairwise(ran.outcome.rounds):
        assert after.round == before.round + 1
        assert before.end_sim_s == after.start_sim_s <= after.end_sim_s
        assert before.num_samples <= after.num_samples
        assert after.num_dropped >= 0
    last = ran.outcome.rounds[-1]
    assert last.end_sim_s == ran.world.env.now


def intervals(ran: Ran) -> dict[str, list[tuple[float, float, str]]]:
    """Return the spans of each actor, in order of time."""
    by_actor = defaultdict(list)
    for _, actor, kind, start_sim_s, end_sim_s, _ in ran.outcome.spans:
        assert start_sim_s <= end_sim_s
        by_actor[actor].append((start_sim_s, end_sim_s, kind))
    return {actor: sorted(spans) for actor, spans in by_actor.items()}


def check_partners_time(ran: Ran) -> None:
    """Each partner does one thing at any time, from the start to the end."""
    by_actor = intervals(ran)
    for member in ran.world.members:
        spans = by_actor[member.name]
        assert spans[0][0] == 0
        assert spans[-1][1] == pytest.approx(ran.world.env.now)
        assert all(before[1] == after[0] for before, after in itertools.pairwise(spans))
    seconds = sum(sum(one.partner_sim_s[kind] for kind in KINDS) for one in ran.outcome.rounds)
    assert seconds == pytest.approx(len(PARTNERS) * ran.world.env.now)


def check_servers_time(ran: Ran) -> None:
    """No worker of a server merges two updates at once."""
    for actor, spans in intervals(ran).items():
        if actor.split(".")[0] in {server.name for server in ran.world.servers}:
            for before, after in itertools.pairwise(spans):
                assert before[1] <= after[0] + 1e-9, f"{actor} merges twice at {after[0]}"


def check_who_is_down(ran: Ran) -> None:
    """Who has broken down does nothing until it is back."""
    by_actor = intervals(ran)
    for machine in machines(ran.world):
        own = [
            span
            for actor in by_actor
            if actor.split(".")[0].split("/")[0] == machine.name
            for span in by_actor[actor]
            if span[2] != "down"
        ]
        for from_sim_s, until_sim_s in ran.watch.broken[machine.name]:
            for start_sim_s, end_sim_s, kind in own:
                overlap_sim_s = min(end_sim_s, until_sim_s) - max(start_sim_s, from_sim_s)
                assert overlap_sim_s < 1e-9, f"{machine.name}: {kind} at {from_sim_s} though down"


def check_bytes(ran: Ran) -> None:
    """What is sent is received, also the first part of what is never sent to its end."""
    network = ran.world.network
    uplinks, downlinks = access_links(ran.world)
    assert ran.outcome.rounds[-1].num_bytes == pytest.approx(network.sent_bytes)
    for link in [*uplinks, *downlinks]:
        for transfer in list(link.flows):  # still under way when the budget was spent
            network.cancel(transfer)
    up, down = (sum(link.carried_bytes for link in links) for links in (uplinks, downlinks))
    assert up == pytest.approx(network.sent_bytes)
    assert down == pytest.approx(network.sent_bytes)


def fault(name: str, scale_sim_s: float) -> Fault:
    """Return an option of conf/fault, scaled."""
    built: Fault = option("fault", name, FAULTS[name], scale_sim_s)
    return built


@dataclass(frozen=True, kw_only=True)
class AllFaults:
    """All that can go wrong at once."""

    scale_sim_s: float

    def check(self, num_partners: int, num_sites: int) -> None:
        """Fit every consortium."""

    def run(self, world: World) -> Steps:
        for name in FAULTS:
            world.env.process(fault(name, 2 * self.scale_sim_s).run(world))
        yield from ()


def test_every_fault_and_every_availability_is_tried() -> None:
    for group, tried in (("fault", FAULTS), ("availability", AVAILABILITIES)):
        assert {path.stem for path in (CONF / group).glob("*.yaml")} == set(tried)


@pytest.mark.parametrize("mode", NAMES)
def test_a_mode_says_what_it_does_about_faults(mode: str) -> None:
    module = importlib.import_module(type(MODES[mode]).__module__)
    assert "\nFaults: " in str(module.__doc__)


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("mode", NAMES)
def test_a_run_with_faults_ends_and_is_accounted_for(simulate, mode: str, name: str) -> None:
    for seed, world in enumerate(WORLDS):
        scale_sim_s = quiet_sim_s(simulate, mode, world)
        ran = run(simulate, mode, world, fault=fault(name, scale_sim_s), seed=seed)
        check(ran)
        if name not in {"none", "stragglers"}:
            assert ran.watch.num_acts >= 2, "nothing went wrong: the test says nothing"
        down_sim_s = sum(one.partner_sim_s["down"] for one in ran.outcome.rounds)
        if name == "churn":
            assert down_sim_s > 0
        else:
            assert down_sim_s == pytest.approx(ran.broken_sim_s)


@pytest.mark.parametrize("mode", MODES)
def test_all_faults_together_with_every_word_and_switch(simulate, mode: str) -> None:
    for world in worlds_of(mode):
        scale_sim_s = quiet_sim_s(simulate, mode, world)
        check(run(simulate, mode, world, fault=AllFaults(scale_sim_s=scale_sim_s)))


@pytest.mark.parametrize("mode", NAMES)
def test_the_same_faults_are_the_same_run(simulate, mode: str) -> None:
    faults = AllFaults(scale_sim_s=quiet_sim_s(simulate, mode, "sites"))
    first, second = (
        run(simulate, mode, "sites", fault=faults, seed=7).outcome.spans for _ in range(2)
    )
    assert first == second


@pytest.mark.parametrize("mode", NAMES)
def test_stragglers_compute_longer(simulate, mode: str) -> None:
    """The run itself may be shorter: who is late finds its links free."""
    quiet = run(simulate, mode)
    stragglers = Stragglers(fraction=0.5, mean_duration_sim_s=quiet.world.env.now / 4, slowdown=3.0)
    slow = run(simulate, mode, fault=stragglers)
    compute_sim_s = [
        sum(one.partner_sim_s["compute"] for one in ran.outcome.rounds) for ran in (quiet, slow)
    ]
    assert compute_sim_s[0] < compute_sim_s[1]


@pytest.mark.parametrize("name", AVAILABILITIES)
@pytest.mark.parametrize("mode", NAMES)
def test_a_run_with_absences_ends_and_is_accounted_for(
    simulate, mode: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for world in WORLDS:
        scale_sim_s = quiet_sim_s(simulate, mode, world)
        write_trace(tmp_path / "small.csv", scale_sim_s)
        availability = option("availability", name, AVAILABILITIES[name], scale_sim_s)
        ran = run(simulate, mode, world, availability=availability)
        check(ran)
        down_sim_s = sum(one.partner_sim_s["down"] for one in ran.outcome.rounds)
        assert down_sim_s == pytest.approx(ran.broken_sim_s)
        assert (down_sim_s > 0) == (name != "always")


def write_trace(path: Path, scale_sim_s: float) -> None:
    """Write a file of absences."""
    lines = (f"{time * scale_sim_s},{name},{is_up}" for time, name, is_up in TRACE)
    path.write_text("\n".join(["time_sim_s,partner,is_up", *lines]) + "\n")


@dataclass(frozen=True, kw_only=True)
class Act:
    """One thing that goes wrong: after how long, what, to whom, and for how long."""

    after_sim_s: float
    kind: str
    victim: int
    lasts_sim_s: float


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A fault that does what is listed."""

    acts: tuple[Act, ...]
    isolated: frozenset[str]

    def check(self, num_partners: int, num_sites: int) -> None:
        """Fit every consortium."""

    def run(self, world: World) -> Steps:
        gate = world.traffic.isolate(self.isolated)
        for act in self.acts:
            yield world.env.timeout(act.after_sim_s)
            everyone = machines(world)
            machine = everyone[act.victim % len(everyone)]
            world.env.process(self._do(world, act, machine, gate))

    def _do(self, world: World, act: Act, machine: Machine, gate: Any) -> Steps:
        presence, outages = world.presence, world.outages
        links = {"cut_up": machine.uplink, "cut_down": machine.downlink, "cut_gate": gate}
        if act.kind in links:
            outages.cut(links[act.kind])
        else:
            getattr(presence, act.kind)(machine)
        yield world.env.timeout(act.lasts_sim_s)
        if act.kind in links:
            outages.mend(links[act.kind])
        else:
            presence.repair(machine)


# Whole and half seconds, at which much of what modes do begins and ends too.
SECONDS = st.integers(0, 12).map(lambda halves: halves / 2) | st.floats(0, 10)
ACTS = st.builds(
    Act,
    after_sim_s=SECONDS,
    kind=st.sampled_from(
        ("break_down", "break_down", "withdraw", "cut_up", "cut_down", "cut_gate")
    ),
    victim=st.integers(0, 11),
    lasts_sim_s=SECONDS,
)
LISTED = st.builds(
    Listed,
    acts=st.lists(ACTS, min_size=3, max_size=12).map(tuple),
    isolated=st.sets(st.sampled_from([one.name for one in PARTNERS]), max_size=3).map(frozenset),
)


@pytest.mark.parametrize("mode", NAMES)
@settings(
    max_examples=12,
    derandomize=True,  # a suite that fails one day in ten tells nobody what they broke
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # `simulate` keeps no state
)
@given(data=st.data())
def test_faults_at_any_time_end_well(simulate, mode: str, data: st.DataObject) -> None:
    variant = data.draw(st.sampled_from([name for name in MODES if name.split()[0] == mode]))
    world = data.draw(st.sampled_from(worlds_of(variant)))
    check(run(simulate, variant, world, fault=data.draw(LISTED)))
