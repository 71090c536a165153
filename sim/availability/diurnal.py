"""Availability `diurnal`: partners are up for the same part of every day, such as at night.

Bonawitz et al. (2019), Towards Federated Learning at Scale: System Design, report such days for
phones: four times as many take part at the best hour as at the worst.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from sim.availability import check_downtimes
from sim.bounds import positive
from sim.consortium import Partner


@dataclass(frozen=True, kw_only=True)
class Diurnal:
    """Keep a partner up for the first `up_fraction` of each of its periods.

    At time 0 a partner is up to `offset_spread` periods into its own; 0 puts all in step, all up
    at the start, and 1 spreads them evenly over the day.
    """

    period_sim_s: float
    up_fraction: float
    offset_spread: float

    def __post_init__(self) -> None:
        positive("period_sim_s", self.period_sim_s, remedy="86400 is a day")
        if not 0 < self.up_fraction < 1:
            raise ValueError(
                f"up_fraction must be above 0 and below 1, got {self.up_fraction}; "
                "take availability=always for partners that are never down"
            )
        if not 0 <= self.offset_spread <= 1:
            raise ValueError(
                f"offset_spread must be between 0 and 1 period, got {self.offset_spread}; "
                "0 puts all partners in step"
            )

    def check(self, partners: Sequence[Partner]) -> None:
        """Raise ValueError where a downtime is scaled."""
        check_downtimes("diurnal", partners)

    def phases(self, partner: Partner, rng: np.random.Generator) -> Iterator[tuple[bool, float]]:
        """Yield phases for ever; one number is drawn, where in its period the partner starts."""
        up_sim_s = self.period_sim_s * self.up_fraction
        down_sim_s = self.period_sim_s - up_sim_s
        into_sim_s = self.period_sim_s * self.offset_spread * rng.random()
        if into_sim_s < up_sim_s:
            yield True, up_sim_s - into_sim_s
            yield False, down_sim_s
        else:
            yield False, self.period_sim_s - into_sim_s
        while True:
            yield True, up_sim_s
            yield False, down_sim_s
