"""Hardware `cpu_core`: one core of a server CPU.

A step costs a fixed dispatch time and a time proportional to its FLOPs.
`tests/benchmarks/test_hardware_profile.py` measures both on the machine it runs on;
conf/hardware/cpu_core.yaml quotes the machine that its values come from.
"""

from dataclasses import dataclass

from sim.bounds import not_negative, positive
from sim.workload import Workload


@dataclass(frozen=True, kw_only=True)
class CpuCore:
    """Hold the two constants of the step-time line `step_overhead_sim_s + flops / flops_per_s`."""

    step_overhead_sim_s: float
    flops_per_s: float

    def __post_init__(self) -> None:
        not_negative(
            "step_overhead_sim_s",
            self.step_overhead_sim_s,
            remedy="2e-4 is usual for small models in PyTorch",
        )
        positive("flops_per_s", self.flops_per_s, remedy="2e10 is usual for one core")

    def steps_sim_s(self, workload: Workload, num_steps: int) -> float:
        """Return the seconds of `num_steps` steps of `workload.batch_size` samples each."""
        flops = workload.train_flops_per_sample * workload.batch_size
        return num_steps * (self.step_overhead_sim_s + flops / self.flops_per_s)
