"""Transport `sealed`: TCP whose messages are encrypted and authenticated in records, as TLS does.

Each record of `record_bytes` payload has `overhead_bytes` around it, which take their part of the
link; and a flow gets no more than one core seals, or opens, while the bytes are on their way.
Agreeing on keys comes before the run and takes no time; small messages count as parts of records.
"""

import math
from dataclasses import dataclass

from sim.bounds import not_negative, positive


@dataclass(frozen=True, kw_only=True)
class Sealed:
    """Hold TCP's constants (`sim.transport.tcp`, of which `tcp_efficiency` is the efficiency) and
    those of sealing: of a record, and of a core.
    """

    tcp_efficiency: float
    window_bytes: float
    record_bytes: float
    overhead_bytes: float
    sealing_bytes_per_s: float

    def __post_init__(self) -> None:
        if not 0 < self.tcp_efficiency <= 1:
            raise ValueError(
                f"tcp_efficiency must be above 0 and at most 1, got {self.tcp_efficiency}; "
                "try transport.tcp_efficiency=0.94"
            )
        positive("window_bytes", self.window_bytes, remedy="3145728 is Linux's default of 3 MiB")
        positive("record_bytes", self.record_bytes, remedy="16384 is the most that TLS allows")
        not_negative("overhead_bytes", self.overhead_bytes, remedy="22 is TLS 1.3 with AES-GCM")
        positive(
            "sealing_bytes_per_s",
            self.sealing_bytes_per_s,
            remedy="measure it with `make benchmarks ARGS='-k sealing'`",
        )

    @property
    def efficiency(self) -> float:
        """Return TCP's part of a link, times the payload's part of a record."""
        return self.tcp_efficiency * self.record_bytes / (self.record_bytes + self.overhead_bytes)

    def flow_bytes_per_s(self, round_trip_sim_s: float) -> float:
        """Return one window per round trip, or what a core seals, whichever is less."""
        window = self.window_bytes / round_trip_sim_s if round_trip_sim_s > 0 else math.inf
        return min(window, self.sealing_bytes_per_s)
