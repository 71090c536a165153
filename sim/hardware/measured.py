"""Hardware `measured`: a machine by its measured or published throughput at the task's batch size.

The number belongs to one model, batch size and machine: state them where it is quoted.
"""

from dataclasses import dataclass

from sim.bounds import positive
from sim.workload import Workload


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Hold the training throughput of one machine at speed 1.0."""

    samples_per_s: float

    def __post_init__(self) -> None:
        positive("samples_per_s", self.samples_per_s, remedy="219 is a P100 with ResNet-50")

    def steps_sim_s(self, workload: Workload, num_steps: int) -> float:
        """Return the seconds of `num_steps` steps of `workload.batch_size` samples each."""
        return num_steps * workload.batch_size / self.samples_per_s
