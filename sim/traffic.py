"""Owns what machines send each other: routes between them, messages, and collectives.

A route is the sender's uplink, the cables of the topology and the receiver's downlink; the
transport sets what a flow gets of them. Bytes, virtual seconds.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sim.collective import Phase
from sim.collective.algorithms import sent_bytes
from sim.fair_share import Link
from sim.machine import Machine
from sim.network import Network
from sim.presence import Steps
from sim.route import Route, bundle
from sim.routing import Router
from sim.topology import Cable
from sim.transfer import Transfer
from sim.transport import Transport

MAX_COMPILED = 256
"""Collectives that are kept; a mode seldom has more than a few."""


@dataclass(frozen=True, kw_only=True)
class Compiled:
    """Hold a collective among certain machines: the route of each phase, and what each machine
    sends. It is found by the phases' identity, which is theirs as long as they are held here.
    """

    phases: Sequence[Phase]
    routes: Sequence[Route]
    sent_bytes: Sequence[float]


class Traffic:
    """Send between the machines of one simulation."""

    def __init__(self, network: Network, router: Router, transport: Transport) -> None:
        self.network = network
        self.isolated: frozenset[str] = frozenset()  # names of machines behind the gate
        self._gate = Link(name="gate", bytes_per_s=math.inf, latency_sim_s=0.0)
        self.router = router
        self._transport = transport
        self._routes: dict[tuple[str, str], Route] = {}
        self._cables: dict[Cable, Link] = {}
        self._compiled: dict[tuple[int, tuple[str, ...]], Compiled] = {}

    def plug(self, name: str, *, like: str) -> None:
        """Put a machine where the machine named `like` is; it is isolated where that one is."""
        self.router.plug(name, like=like)
        if like in self.isolated:
            self.isolated |= {name}

    def send(self, source: Machine, target: Machine, num_bytes: float) -> Transfer:
        """Send a message; the event comes when it has arrived, or with False when it is lost."""
        return self.network.transfer(num_bytes, self.route(source, target))

    def collective(self, machines: Sequence[Machine], phases: Sequence[Phase]) -> Steps:
        """Run the phases of a collective one after the other, each as one coupled transfer."""
        for phase, route in zip(phases, self.compiled(machines, phases).routes, strict=True):
            transfer = self.network.transfer(phase.num_steps * phase.num_bytes, route)
            try:
                yield transfer
            finally:
                self.network.cancel(transfer)  # an interrupt must not leave it under way

    def lone_sim_s(self, machines: Sequence[Machine], phases: Sequence[Phase]) -> float:
        """Return how long a collective takes among nothing else, without jitter; a phase over a
        link that is cut counts as its latency.
        """
        lone_sim_s = 0.0
        for phase, route in zip(phases, self.compiled(machines, phases).routes, strict=True):
            lone_sim_s += route.latency_sim_s
            if bytes_per_s := route.lone_bytes_per_s():
                lone_sim_s += phase.num_steps * phase.num_bytes / bytes_per_s
        return lone_sim_s

    def route(self, source: Machine, target: Machine) -> Route:
        """Return the way between two machines."""
        key = (source.name, target.name)
        route = self._routes.get(key)
        if route is None:
            cables = self.router.cables(*key)
            links = [source.uplink, *map(self.link_of, cables), target.downlink]
            if (source.name in self.isolated) != (target.name in self.isolated):
                links.append(self._gate)
            route = self._routes[key] = Route(links)
            round_trip_sim_s = 2 * route.latency_sim_s
            route.flow_bytes_per_s = self._transport.flow_bytes_per_s(round_trip_sim_s)
        return route

    def alone_sim_s(self, source: Machine, target: Machine, num_bytes: float) -> float:
        """Return how long a message would take among nothing else, without jitter; infinitely long
        where a line is cut.
        """
        route = self.route(source, target)
        rate = route.lone_bytes_per_s()
        return route.latency_sim_s + (num_bytes / rate if rate else math.inf)

    def round_trip_sim_s(self, source: Machine, target: Machine) -> float:
        """Return how long an empty message takes there and back, where nothing holds it up."""
        there, back = self.route(source, target), self.route(target, source)
        return there.latency_sim_s + back.latency_sim_s

    def isolate(self, names: frozenset[str]) -> Link:
        """Return a gate that from now on all messages between `names` and all others cross: no
        bottleneck, but it can be cut.
        """
        self.isolated = names
        self._routes.clear()
        self._compiled.clear()
        return self._gate

    def links(self, machines: Sequence[Machine]) -> dict[str, Link]:
        """Return the access links of `machines` and all cables, by name."""
        access = [link for one in machines for link in one.links]
        cables = [self.link_of(cable) for cable in self.router.all_cables()]
        return {link.name: link for link in [*access, *cables]}

    def link_of(self, cable: Cable) -> Link:
        """Return the link that a cable of the topology is."""
        link = self._cables.get(cable)
        if link is None:
            link = self._cables[cable] = Link(
                name=f"{cable.source}->{cable.target}",
                bytes_per_s=cable.bytes_per_s * self._transport.efficiency,
                latency_sim_s=cable.latency_sim_s,
                jitter_sim_s=cable.jitter_sim_s,
            )
        return link

    def compiled(self, machines: Sequence[Machine], phases: Sequence[Phase]) -> Compiled:
        """Return what is the same whenever these machines run these phases."""
        key = (id(phases), tuple([machine.name for machine in machines]))
        known = self._compiled.get(key)
        if known is None:
            if len(self._compiled) >= MAX_COMPILED:
                self._compiled.clear()
            known = self._compiled[key] = Compiled(
                phases=phases,
                routes=[self._bundle(machines, phase) for phase in phases],
                sent_bytes=sent_bytes(phases, len(machines)),
            )
        return known

    def _bundle(self, machines: Sequence[Machine], phase: Phase) -> Route:
        routes = [self.route(machines[sender], machines[target]) for sender, target in phase.sends]
        return bundle(routes, num_bytes=phase.num_bytes, num_latencies=phase.num_latencies)
