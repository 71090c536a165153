"""Topologies: what lies between the access links of the machines. Each option is a frozen dataclass
with `wire`.

Every machine keeps its own access link, up and down, from its site; a topology says into which node
it sends, from which node it receives, and which cables join the nodes. `sim.routing` finds the
routes. Units: bytes per second, virtual seconds one way.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from sim.bounds import not_negative, positive
from sim.consortium import Consortium

PROXY = "proxy"
"""The proxy's name among the machines."""


@dataclass(frozen=True, kw_only=True)
class Cable:
    """Describe one direction of a link between two nodes.

    A message that crosses it is delayed by `latency_sim_s` and by an exponential delay with mean
    `jitter_sim_s`.
    """

    source: str
    target: str
    bytes_per_s: float
    latency_sim_s: float
    jitter_sim_s: float

    def __post_init__(self) -> None:
        check_line(self.bytes_per_s, self.latency_sim_s, self.jitter_sim_s)


@dataclass(frozen=True, kw_only=True)
class Port:
    """Say into which node a machine sends, and from which node it receives."""

    into: str
    out_of: str


@dataclass(frozen=True, kw_only=True)
class Wiring:
    """Hold where the machines are plugged in, the cables, and the routes that are not the shortest.

    `ports` has every partner and the proxy, by name. `sites` are groups of partners that are near
    each other, by number; a topology without such groups has none. `routes` gives, for a pair of
    nodes, the nodes of the way from the first to the last, both included.
    """

    ports: Mapping[str, Port]
    cables: tuple[Cable, ...]
    sites: tuple[tuple[int, ...], ...]
    routes: Mapping[tuple[str, str], tuple[str, ...]]


class Topology(Protocol):
    """Say how the machines are joined."""

    def wire(self, consortium: Consortium) -> Wiring:
        """Return the wiring; raises ValueError where the consortium does not fit."""
        ...


def check_line(
    bytes_per_s: float, latency_sim_s: float, jitter_sim_s: float, *, prefix: str = ""
) -> None:
    """Raise ValueError unless these are what a cable can have; `prefix` starts their names."""
    positive(f"{prefix}bytes_per_s", bytes_per_s, remedy="125e6 is 1 Gbit/s")
    not_negative(f"{prefix}latency_sim_s", latency_sim_s, remedy="0.01 is 10 ms one way")
    not_negative(f"{prefix}jitter_sim_s", jitter_sim_s, remedy="0 is no jitter")


def check_backbone(bytes_per_s: float | None) -> None:
    """Raise ValueError unless a backbone has no limit or one above zero."""
    if bytes_per_s is not None:
        positive("backbone_bytes_per_s", bytes_per_s, remedy="null is no bottleneck")


def duplex(
    first: str, second: str, *, bytes_per_s: float, latency_sim_s: float, jitter_sim_s: float
) -> tuple[Cable, Cable]:
    """Return the cables of both directions, each with the whole bandwidth."""
    there = Cable(
        source=first,
        target=second,
        bytes_per_s=bytes_per_s,
        latency_sim_s=latency_sim_s,
        jitter_sim_s=jitter_sim_s,
    )
    return there, replace(there, source=second, target=first)


def backbone(name: str, bytes_per_s: float) -> Cable:
    """Return the cable from `<name>.in` to `<name>.out` that all messages share; it costs no time
    but its bandwidth.
    """
    return Cable(
        source=f"{name}.in",
        target=f"{name}.out",
        bytes_per_s=bytes_per_s,
        latency_sim_s=0.0,
        jitter_sim_s=0.0,
    )


def at(node: str) -> Port:
    """Return the port of a machine that sends and receives at one node."""
    return Port(into=node, out_of=node)


def machines(consortium: Consortium) -> tuple[str, ...]:
    """Return the names of all partners, and the proxy's last; raises ValueError where two machines
    have one name.
    """
    names = (*(partner.name for partner in consortium.partners), PROXY)
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(
            f"scenario: every partner must have a name of its own, and {PROXY!r} is the proxy's, "
            f"got {twice!r} twice; rename a partner"
        )
    return names
