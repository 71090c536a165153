"""Transport `tcp`: headers take their part of the line rate, and a flow sends at most one window
per round trip.

With full Ethernet frames 1,448 of 1,538 bytes on the wire are payload: an efficiency of 0.941. A
window of `window_bytes` limits a flow to `window_bytes / round trip` (Mathis et al. 1997, without
loss), which is what keeps one connection over a long way slow on a fast line.
"""

import math
from dataclasses import dataclass

from sim.bounds import positive


@dataclass(frozen=True, kw_only=True)
class Tcp:
    """Hold the two constants of bulk TCP transfers."""

    efficiency: float
    window_bytes: float

    def __post_init__(self) -> None:
        if not 0 < self.efficiency <= 1:
            raise ValueError(
                f"efficiency must be above 0 and at most 1, got {self.efficiency}; "
                "try transport.efficiency=0.94"
            )
        positive("window_bytes", self.window_bytes, remedy="3145728 is Linux's default of 3 MiB")

    def flow_bytes_per_s(self, round_trip_sim_s: float) -> float:
        """Return one window per round trip."""
        return self.window_bytes / round_trip_sim_s if round_trip_sim_s > 0 else math.inf
