"""Owns the simulation of one round of DiLoCo, as two of the tables need it: how much of the time is
spent computing.

Links without latency, equal partners, layers of equal size. Bytes per second, virtual seconds.
"""

import itertools
from dataclasses import dataclass

from runners.published.simulation import Access, Case, simulate, steps_of
from sim.bounds import at_least, positive
from sim.hardware.measured import Measured
from sim.mode.partner.diloco import DiLoCo
from sim.topology.star import Star
from sim.variability.none import Steady
from sim.workload import Workload

BYTES_PER_PARAMETER = 4


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """Hold a model's layers, all of one size, and what is sent of each parameter."""

    num_layers: int
    wire_bytes_per_parameter: float

    def __post_init__(self) -> None:
        at_least("num_layers", self.num_layers, 1, remedy="one is the whole model at once")
        positive("wire_bytes_per_parameter", self.wire_bytes_per_parameter, remedy="2 is bfloat16")


def ring_diloco(
    inner_steps: int, *, wire_bytes_per_parameter: float, reduces_during_backward: bool
) -> DiLoCo:
    """Return DiLoCo as published, whole models in a ring; the outer optimizer takes no time."""
    return DiLoCo(
        inner_steps=inner_steps,
        outer_learning_rate=0.7,
        outer_momentum=0.9,
        num_fragments=1,
        overlap_steps=0,
        wire_bytes_per_parameter=wire_bytes_per_parameter,
        reduces_during_backward=reduces_during_backward,
        algorithm="ring",
    )


def utilisation(
    mode: DiLoCo,
    *,
    num_partners: int,
    num_parameters: int,
    num_layers: int,
    step_sim_s: float,
    bytes_per_s: float,
) -> float:
    """Return the steps' part (0 to 1) of one round, in which every partner takes `inner_steps`."""
    simulated = simulate(
        Case(
            access=Access(bytes_per_s=bytes_per_s, latency_sim_s=0.0),
            topology=Star(backbone_bytes_per_s=None),
            workload=_workload(num_partners, num_parameters, num_layers, mode.inner_steps),
            update_bytes=num_parameters * BYTES_PER_PARAMETER,
            hardware=Measured(samples_per_s=1 / step_sim_s),
            variability=Steady(),
            mode=mode,
            seed=0,
        )
    )
    return mode.inner_steps * step_sim_s / simulated.total_sim_s


def _workload(
    num_partners: int, num_parameters: int, num_layers: int, inner_steps: int
) -> Workload:
    ends = [num_parameters * layer // num_layers for layer in range(num_layers + 1)]
    return Workload(
        num_parameters=num_parameters,
        tensor_parameters=tuple(end - start for start, end in itertools.pairwise(ends)),
        bytes_per_parameter=BYTES_PER_PARAMETER,
        train_flops_per_sample=6.0 * num_parameters,
        sample_bytes=1,  # no data move
        batch_size=1,
        num_samples=steps_of(num_partners, inner_steps, 1),
    )
