"""Hardware `instant`: computing takes no time, by decision and not for lack of a number.

For timing communication alone; what comes out is no statement about training.
"""

from dataclasses import dataclass

from sim.workload import Workload


@dataclass(frozen=True, kw_only=True)
class Instant:
    """Compute at once."""

    def steps_sim_s(self, workload: Workload, num_steps: int) -> float:
        """Return 0 seconds."""
        return 0.0
