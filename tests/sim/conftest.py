"""Small worlds for simulation tests: equal partners, round numbers."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from sim.agent.static import Static
from sim.availability.always import Always
from sim.bandwidth.constant import Constant
from sim.budget import Budget
from sim.consortium import Consortium, Partner, Proxy
from sim.fault.none import NoFault
from sim.hardware.cpu_core import CpuCore
from sim.learner import Evaluation, Learner, Model
from sim.learner.none import TimeOnly
from sim.outcome import Outcome
from sim.protection import Protection
from sim.setting import Mode, Setting
from sim.tariff import Tariff
from sim.topology.star import Star
from sim.transport.ideal import Ideal
from sim.variability.none import Steady
from sim.workload import Workload
from sim.world import World


def partner(name: str, **changes: Any) -> Partner:
    """Return a partner: 1 s a step, 100 bytes/s each way with 0.5 s latency."""
    values = {
        "speed": 1.0,
        "uplink_bytes_per_s": 100.0,
        "downlink_bytes_per_s": 100.0,
        "latency_sim_s": 0.5,
        "data_share": 1.0,
        "data_skew": 1.0,
        "downtime": 1.0,
    }
    return Partner(name=name, **(values | changes))


UNPROTECTED = Protection(wire_bytes=400)

TARIFF = Tariff(
    usd_per_partner_hour=36.0,  # a cent a second
    usd_per_proxy_hour=3.6,
    usd_per_gb=1e5,  # a cent for 100 bytes
    busy_watts=0.0,
    idle_watts=0.0,
    usd_per_kwh=0.0,
)

SURROUNDINGS = {
    "topology": Star(backbone_bytes_per_s=None),
    "transport": Ideal(),
    "bandwidth": Constant(),
    "variability": Steady(),
    "availability": Always(),
    "fault": NoFault(),
}


class Counting(TimeOnly):
    """Learn nothing, and say so when asked."""

    def evaluate(self, models: Sequence[Model], jointly: bool = False) -> Evaluation:
        return Evaluation(loss=1.0, accuracy=0.5)


@pytest.fixture
def simulate() -> Callable[..., tuple[World, Outcome]]:
    """Return a call that runs a mode among partners with 8 samples each (or `num_samples`), batches
    of 4 and an update of 400 bytes.
    """

    def run(
        mode: Mode,
        *partners: Partner,
        num_epochs: float = 1,
        num_participants: int | None = None,
        trace_level: str = "spans",
        num_evaluations: int = 1,
        learner: Learner | None = None,
        num_replicas: int = 1,
        seed: int = 0,
        num_samples: Sequence[int] | None = None,
        stops_at_target: bool = False,
        patience_evaluations: int | None = None,
        max_sim_s: float | None = None,
        max_bytes: float | None = None,
        max_cost_usd: float | None = None,
        protection: Protection = UNPROTECTED,
        **groups: Any,
    ) -> tuple[World, Outcome]:
        setting = Setting(
            consortium=Consortium(
                partners=partners,
                proxy=Proxy(
                    uplink_bytes_per_s=1000.0,
                    downlink_bytes_per_s=1000.0,
                    latency_sim_s=0.25,
                    num_replicas=num_replicas,
                    num_workers=1,
                    merge_bytes_per_s=800.0,
                ),
            ),
            workload=Workload(
                num_parameters=100,
                tensor_parameters=(40, 30, 20, 10),
                bytes_per_parameter=4,
                train_flops_per_sample=1.0,
                sample_bytes=10,
                batch_size=4,
                num_samples=tuple(num_samples or (8,) * len(partners)),
            ),
            hardware=CpuCore(
                step_overhead_sim_s=0.6, flops_per_s=10.0
            ),  # 0.6 + 4 / 10 = 1 s a step
            mode=mode,
            budget=Budget(
                num_epochs=num_epochs,
                num_evaluations=num_evaluations,
                target_accuracy=0.9,
                stops_at_target=stops_at_target,
                patience_evaluations=patience_evaluations,
                max_sim_s=max_sim_s,
                max_bytes=max_bytes,
                max_cost_usd=max_cost_usd,
            ),
            tariff=TARIFF,
            protection=protection,
            merge_passes=1.0,
            seed=seed,
            trace_level=trace_level,
            **({"agent": Static(num_participants=num_participants)} | SURROUNDINGS | groups),
        )
        world = World(setting, learner or TimeOnly(), lambda fraction: None)
        return world, world.run()

    return run
