"""Owns what the simulations of published tables have in common: nothing happens but what a table
speaks of.

Machines are equal and always up, links have the bandwidth and latency given (what a protocol takes
of a line rate is among a table's parameters), nothing is learned. Virtual seconds, bytes.
"""

from dataclasses import dataclass

from sim.agent.static import Static
from sim.availability.always import Always
from sim.bandwidth.constant import Constant
from sim.bounds import not_negative
from sim.budget import Budget
from sim.consortium import Consortium, Partner, Proxy
from sim.fault.none import NoFault
from sim.hardware import Hardware
from sim.hardware.instant import Instant
from sim.learner.none import TimeOnly
from sim.mode.partner.allreduce import Allreduce
from sim.protection import Protection
from sim.setting import Mode, Setting
from sim.tariff import Tariff
from sim.topology import Topology
from sim.topology.star import Star
from sim.transport.ideal import Ideal
from sim.variability import Variability
from sim.variability.none import Steady
from sim.workload import Workload
from sim.world import World


@dataclass(frozen=True, kw_only=True)
class Access:
    """Describe the link of a machine: the same both ways, latency one way to what it hangs on."""

    bytes_per_s: float
    latency_sim_s: float


@dataclass(frozen=True, kw_only=True)
class Wire:
    """Say what a transport makes of a line: the payload's part of its rate, and what a message
    costs beside its bytes.
    """

    efficiency: float
    message_sim_s: float

    def __post_init__(self) -> None:
        if not 0 < self.efficiency <= 1:
            raise ValueError(
                f"efficiency must be above 0 and at most 1, got {self.efficiency}; 0.94 is TCP's"
            )
        not_negative("message_sim_s", self.message_sim_s, remedy="5e-5 is 50 µs")


@dataclass(frozen=True, kw_only=True)
class Case:
    """Describe one simulation; `update_bytes` is what an update or a gradient weighs on the wire.

    Every machine takes as many steps as `workload` gives it batches.
    """

    access: Access
    topology: Topology
    workload: Workload
    update_bytes: int
    hardware: Hardware
    variability: Variability
    mode: Mode
    seed: int


@dataclass(frozen=True, kw_only=True)
class Simulated:
    """Hold what came out: how long it took, and the bytes that each machine sent."""

    total_sim_s: float
    sent_bytes: tuple[float, ...]


def simulate(case: Case) -> Simulated:
    """Run a case to its end."""
    world = World(_setting(case), TimeOnly(), lambda fraction: None)
    outcome = world.run()
    return Simulated(
        total_sim_s=outcome.rounds[-1].end_sim_s,
        sent_bytes=tuple(member.uplink.carried_bytes for member in world.members),
    )


def steps_of(num_machines: int, num_steps: int, batch_size: int) -> tuple[int, ...]:
    """Return the samples that give each machine `num_steps` batches."""
    return (num_steps * batch_size,) * num_machines


def one_tensor(num_machines: int, num_bytes: int) -> Workload:
    """Return one step of one sample on every machine, for a model of `num_bytes` in one tensor."""
    return Workload(
        num_parameters=num_bytes,
        tensor_parameters=(num_bytes,),
        bytes_per_parameter=1,
        train_flops_per_sample=1.0,
        sample_bytes=1,
        batch_size=1,
        num_samples=steps_of(num_machines, 1, 1),
    )


def allreduce_case(num_machines: int, num_bytes: int, algorithm: str, access: Access) -> Case:
    """Return the case of one allreduce among machines that compute at once, and nothing else."""
    return Case(
        access=access,
        topology=Star(backbone_bytes_per_s=None),
        workload=one_tensor(num_machines, num_bytes),
        update_bytes=num_bytes,
        hardware=Instant(),
        variability=Steady(),
        mode=Allreduce(algorithm=algorithm, fusion=None),
        seed=0,
    )


FREE = Tariff(
    usd_per_partner_hour=0.0,
    usd_per_proxy_hour=0.0,
    usd_per_gb=0.0,
    busy_watts=0.0,
    idle_watts=0.0,
    usd_per_kwh=0.0,
)


def _setting(case: Case) -> Setting:
    return Setting(
        consortium=_consortium(len(case.workload.num_samples), case.access),
        topology=case.topology,
        transport=Ideal(),
        bandwidth=Constant(),
        workload=case.workload,
        hardware=case.hardware,
        variability=case.variability,
        availability=Always(),
        fault=NoFault(),
        mode=case.mode,
        agent=Static(num_participants=None),
        budget=Budget(
            num_epochs=1.0,
            num_evaluations=1,
            target_accuracy=1.0,
            stops_at_target=False,
            patience_evaluations=None,
            max_sim_s=None,
            max_bytes=None,
            max_cost_usd=None,
        ),
        tariff=FREE,
        protection=Protection(wire_bytes=case.update_bytes),
        merge_passes=1.0,
        seed=case.seed,
        trace_level="rounds",
    )


def _consortium(num_machines: int, access: Access) -> Consortium:
    partners = tuple(
        Partner(
            name=f"m{number}",
            speed=1.0,
            uplink_bytes_per_s=access.bytes_per_s,
            downlink_bytes_per_s=access.bytes_per_s,
            latency_sim_s=access.latency_sim_s,
            data_share=1.0,
            data_skew=1.0,
            downtime=1.0,
        )
        for number in range(num_machines)
    )
    proxy = Proxy(
        uplink_bytes_per_s=access.bytes_per_s,
        downlink_bytes_per_s=access.bytes_per_s,
        latency_sim_s=access.latency_sim_s,
        num_replicas=1,
        num_workers=1,
        merge_bytes_per_s=access.bytes_per_s,
    )
    return Consortium(partners=partners, proxy=proxy)
