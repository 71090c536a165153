"""Availability `markov`: partners come and go at random, without memory.

Up and down times are exponential: the alternating renewal process of reliability theory (Barlow &
Proschan 1965), up for `mean_up / (mean_up + mean_down)` of the time in the long run.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from sim.bounds import positive
from sim.consortium import Partner


@dataclass(frozen=True, kw_only=True)
class Markov:
    """Draw each partner's phases independently of the others'.

    A partner is up at time 0 with its long-run probability, so that the start is like any other
    moment. Its mean time down is scaled by its `downtime`.
    """

    mean_up_sim_s: float
    mean_down_sim_s: float

    def __post_init__(self) -> None:
        positive("mean_up_sim_s", self.mean_up_sim_s, remedy="3600 is an hour")
        positive(
            "mean_down_sim_s",
            self.mean_down_sim_s,
            remedy="take availability=always for partners that are never down",
        )

    def check(self, partners: Sequence[Partner]) -> None:
        """Accept any consortium."""

    def phases(self, partner: Partner, rng: np.random.Generator) -> Iterator[tuple[bool, float]]:
        """Yield phases for ever; what is left of the first one is exponential like the others."""
        mean_down_sim_s = self.mean_down_sim_s * partner.downtime
        up_fraction = self.mean_up_sim_s / (self.mean_up_sim_s + mean_down_sim_s)
        is_up = rng.random() < up_fraction
        while True:
            yield is_up, rng.exponential(self.mean_up_sim_s if is_up else mean_down_sim_s)
            is_up = not is_up
