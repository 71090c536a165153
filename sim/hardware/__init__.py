"""Hardware profiles: how long a training step takes on the virtual clock."""

from typing import Protocol

from sim.workload import Workload


class Hardware(Protocol):
    """Price training steps in virtual seconds."""

    def steps_sim_s(self, workload: Workload, num_steps: int) -> float:
        """Return the seconds that `num_steps` optimizer steps of one batch take at speed 1.0."""
        ...
