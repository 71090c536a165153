"""Worlds for tests that go over all modes: every mode with every word and switch that it has, small
enough for hundreds of runs, and a watch that sees what goes on beside the clock.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path as FilePath
from typing import Any

import pytest
import simpy
from omegaconf import OmegaConf

from runners.build import build
from runners.options import ConfigError
from sim.fair_share import Link
from sim.machine import Machine
from sim.outages import Outages
from sim.partner import Member
from sim.presence import Presence
from sim.proxy import ProxyServer
from sim.topology.hierarchical import Hierarchical
from sim.world import World
from tests.runners.alternatives import Path, alternatives, changed, leaves
from tests.runners.compose import compose
from tests.sim.conftest import partner

CONF = FilePath(__file__).parents[3] / "conf"
MODE = CONF / "mode"
NAMES = sorted(str(path.relative_to(MODE).with_suffix("")) for path in MODE.rglob("*.yaml"))

PARTNERS = [
    partner("a"),
    partner("b", speed=0.7, uplink_bytes_per_s=40.0),
    partner("c", speed=3.0, latency_sim_s=0.1),
    partner("d", data_share=2.0),
]

SITES = Hierarchical(
    num_sites=2,
    wan_bytes_per_s=150.0,
    wan_latency_sim_s=0.2,
    wan_jitter_sim_s=0.05,
    backbone_bytes_per_s=400.0,
)

WORLDS: dict[str, dict[str, Any]] = {"star": {}, "sites": {"num_replicas": 2, "topology": SITES}}

SMALLER = {
    "local_steps": 2,
    "inner_steps": 2,
    "activation_bytes_per_sample": 8,
    "deadline_sim_s": 40.0,
}
"""Settings of modes, scaled so that a run has some rounds of some seconds each."""

LEARNING_ONLY = ("optimizer",)
"""Words that make no difference to time and bytes."""

MORE: dict[str, dict[str, Any]] = {
    "partner/allreduce fusion": {
        "fusion": {"buffer_bytes": 200.0, "cycle_sim_s": 0.1, "coordinator": "gloo"}
    },
    "partner/diloco streaming": {"num_fragments": 2, "inner_steps": 4, "overlap_steps": 1},
    "partner/parameter_server two mixed": {"num_servers": 2, "placement": "mixed"},
    "partner/parameter_server stale": {"consistency": "stale", "staleness_bound": 0},
    "partner/parameter_server two asynchronous": {
        "consistency": "asynchronous",
        "num_servers": 2,
    },
    "partner/pipeline two": {"num_stages": 2},
    "partner/submodel independent": {"kind": "independent", "fractions": None, "assign": None},
    "partner/submodel distillation": {"fusion": "distillation", "distillation_steps": 2},
    "proxy/federated half": {"keep_fraction": 0.5},
    "proxy/federated epochs": {"local_steps": None, "local_epochs": 0.7},
    "proxy/federated fedprox": {"algorithm": "fedprox", "proximal_weight": 0.1},
    "proxy/fedbuff more": {"buffer_size": 3, "concurrency": 2},
    "proxy/hierarchical one": {"num_regions": 1},
}
"""Variants of modes that take more than one word or switch."""

MAX_EVENTS = 300_000
"""What no small world needs: beyond it, a run goes round in circles."""


@cache
def _default() -> dict[str, Any]:
    return compose()


def with_option(group: str, name: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the default config with another option of a group, and settings of that; composing
    anew would take half a second.
    """
    node = OmegaConf.to_container(OmegaConf.load(CONF / group / f"{name}.yaml"))
    assert isinstance(node, dict)
    assert set(settings) <= set(node)
    return {**_default(), group: {**node, **settings}}


def _small(config: dict[str, Any]) -> dict[str, Any]:
    """Return a config with the mode's settings scaled."""
    mode = {
        key: min(value, SMALLER[key]) if key in SMALLER and value is not None else value
        for key, value in config["mode"].items()
    }
    return {**config, "mode": mode}


def _variants() -> dict[str, Any]:
    """Return every mode as its YAML has it, and with every other word and switch, by name."""
    modes = {}
    for name in NAMES:
        config = _small(with_option("mode", name, {}))
        modes[name] = build(config).mode
        for path, value in leaves(config["mode"], ("mode",)):
            if isinstance(value, bool | str | None) and path[-1] not in LEARNING_ONLY:
                for other in _others(config, path, value):
                    modes[f"{name} {path[-1]}={other}"] = build(changed(config, path, other)).mode
    for name, settings in MORE.items():
        modes[name] = build(_small(with_option("mode", name.split()[0], settings))).mode
    return modes


def _others(config: dict[str, Any], path: Path, value: Any) -> Iterator[Any]:
    """Yield the values that a word or a switch may have too, and one where there is None."""
    candidates = [SMALLER[str(path[-1])]] if path[-1] in SMALLER else []
    for other in [*candidates, *alternatives(config, path, value)]:
        try:
            build(changed(config, path, other))
        except ConfigError:
            continue
        yield other
        if value is None:
            return


MODES = _variants()


def worlds_of(mode: str) -> list[str]:
    """Return the worlds in which a variant of a mode can run."""
    return ["sites"] if "hierarchical" in mode.partition(" ")[2] else sorted(WORLDS)


AN_INSTANT_SIM_S = 1e-6


class Bounded(simpy.Environment):
    """Fail instead of going on for ever or back in time."""

    num_steps = 0

    def step(self) -> None:
        """Run one event."""
        before_sim_s = self.now
        super().step()
        self.num_steps += 1
        assert self.now >= before_sim_s, f"time runs back from {before_sim_s} to {self.now}"
        assert self.num_steps < MAX_EVENTS, f"goes round in circles at {self.now} virtual seconds"


Interval = tuple[float, float]


class Watch:
    """See who is broken down and when, and how often something went wrong."""

    def __init__(self) -> None:
        self.num_acts = 0
        self.broken: dict[str, list[Interval]] = defaultdict(list)
        self._since: dict[Machine, tuple[float, list[float]]] = {}

    def count(self) -> None:
        """Note that a machine goes down or a link is cut."""
        self.num_acts += 1

    def begins(self, machine: Machine) -> None:
        """Note that a machine has broken down."""
        self._since.setdefault(machine, (machine.env.now, _carried(machine)))

    def ends(self, machine: Machine) -> None:
        """Note that a machine is back, or that the run has ended; it must have been quiet."""
        if machine not in self._since:
            return
        start_sim_s, carried = self._since.pop(machine)
        assert carried == _carried(machine), f"{machine.name} sends or receives while it is down"
        if machine.env.now > start_sim_s:
            self.broken[machine.name].append((start_sim_s, machine.env.now))

    def follow(self, attempt: simpy.Process, machines: Sequence[Machine]) -> None:
        """Assert, when an attempt has been given up, that nothing of it goes on in secret."""

        def ended(_event: simpy.Event) -> None:
            if attempt.value is False:
                for machine in machines:
                    if not machine.is_server and not machine.attempts:
                        _expect_quiet(machine)

        assert attempt.callbacks is not None
        attempt.callbacks.append(ended)

    def close(self) -> None:
        """End the watch with the run."""
        for machine in list(self._since):
            self.ends(machine)


def _expect_quiet(machine: Machine) -> None:
    """Assert that what is on a machine's links is stopped within the present instant."""
    flows = [(link, flow) for link in (machine.uplink, machine.downlink) for flow in link.flows]

    def look(_event: simpy.Event) -> None:
        for link, flow in flows:
            assert flow not in link.flows, f"{machine.name} goes on with what was given up"

    if flows:
        later = machine.env.timeout(AN_INSTANT_SIM_S)
        assert later.callbacks is not None
        later.callbacks.append(look)


def _carried(machine: Machine) -> list[float]:
    """Return what the machine's links have carried, and how many transfers are on them."""
    return [
        number
        for link in (machine.uplink, machine.downlink)
        for number in (link.carried_bytes, len(link.flows))
    ]


@contextmanager
def watched() -> Iterator[Watch]:
    """Watch the worlds that are built and run meanwhile."""
    watch = Watch()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(simpy, "Environment", Bounded)
        _spy(patch, Machine, "set_up", lambda one, is_up, _: is_up and watch.ends(one))
        _spy(patch, Outages, "cut", lambda *_: watch.count())
        _spy(patch, Presence, "withdraw", lambda *_: watch.count())
        _spy(patch, Presence, "break_down", lambda _, one, __: watch.begins(one))
        _spy(patch, Presence, "attempt", lambda _, those, __, made: watch.follow(made, those))
        yield watch
    watch.close()


def _spy(patch: pytest.MonkeyPatch, owner: type, name: str, see: Any) -> None:
    """Let `see` know the arguments of every call of a method, after it, and its result."""
    method = getattr(owner, name)

    def spied(*args: Any) -> Any:
        result = method(*args)
        see(*args, result)
        return result

    patch.setattr(owner, name, spied)


def machines(world: World) -> list[Member | ProxyServer]:
    """Return all partners and servers."""
    return [*world.members, *world.servers]


def access_links(world: World) -> tuple[list[Link], list[Link]]:
    """Return all uplinks and all downlinks."""
    everyone = machines(world)
    return [one.uplink for one in everyone], [one.downlink for one in everyone]
