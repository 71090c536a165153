"""Owns what a simulation is made from: all that it depends on, but for the learner."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

from sim.agent import Agent
from sim.availability import Availability
from sim.bandwidth import Bandwidth
from sim.bounds import one_of
from sim.budget import Budget
from sim.consortium import Consortium
from sim.fault import Fault
from sim.hardware import Hardware
from sim.presence import Steps
from sim.protection import Protection
from sim.tariff import Tariff
from sim.topology import Topology
from sim.trace import LEVELS
from sim.transport import Transport
from sim.variability import Variability
from sim.workload import Workload

if TYPE_CHECKING:
    from sim.world import World


class Mode(Protocol):
    """A protocol, written once: a SimPy process that says who computes, sends, waits and learns."""

    merges_in_one_place: ClassVar[bool]
    """Whether one machine sees every partner's update by itself, so that a rule other than the sum
    can merge them.
    """
    merges_updates: ClassVar[bool]
    """Whether partners' updates go through `Learner.merge` alone, where they can be protected."""
    actions: ClassVar[frozenset[str]]
    """Which fields of an agent's `Decision` it understands besides `partners`."""

    @property
    def merges_single_updates(self) -> bool:
        """Whether each update is merged by itself, so that a sum of them would be one of them."""
        ...

    def run(self, world: "World") -> Steps:
        """Yield the events the protocol waits for, until the world's budget is spent."""
        ...


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Hold all that a simulation depends on, but for the learner.

    `protection` is what privacy and compression make of an update; `merge_passes` is how often a
    server goes through an update to merge it.
    """

    consortium: Consortium
    topology: Topology
    transport: Transport
    bandwidth: Bandwidth
    workload: Workload
    hardware: Hardware
    variability: Variability
    availability: Availability
    fault: Fault
    mode: Mode
    agent: Agent
    budget: Budget
    tariff: Tariff
    protection: Protection
    merge_passes: float
    seed: int
    trace_level: str

    def __post_init__(self) -> None:
        one_of("trace_level", self.trace_level, LEVELS)
