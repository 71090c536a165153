"""Bandwidth `diurnal`: what others leave of each link rises and falls with the time of day.

`nominal * (1 + amplitude * sin(2π (t / period + phase)))`: the first harmonic of the daily pattern
that Thompson, Miller & Wilder (1997), Wide-Area Internet Traffic Patterns and Characteristics,
measured. The mean over a period is the nominal bandwidth.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count

import numpy as np

from sim.bounds import positive

MIN_STEPS_PER_PERIOD = 4


@dataclass(frozen=True, kw_only=True)
class Diurnal:
    """Set every link anew each `step_sim_s`, to the sine's value at that time.

    Each link's phase is drawn between 0 and `phase_spread` periods; at 0 all links are in step, and
    start at their nominal bandwidth, rising.
    """

    amplitude: float
    period_sim_s: float
    step_sim_s: float
    phase_spread: float

    def __post_init__(self) -> None:
        if not 0 <= self.amplitude < 1:
            raise ValueError(
                f"amplitude must be at least 0 and below 1, got {self.amplitude}; "
                "0.3 is 30 % above and below nominal"
            )
        positive("period_sim_s", self.period_sim_s, remedy="86400 is a day")
        positive("step_sim_s", self.step_sim_s, remedy="900 is a quarter of an hour")
        if self.step_sim_s * MIN_STEPS_PER_PERIOD > self.period_sim_s:
            raise ValueError(
                f"step_sim_s must be at most a quarter of period_sim_s={self.period_sim_s}, "
                f"got {self.step_sim_s}; longer steps miss the sine"
            )
        if not 0 <= self.phase_spread <= 1:
            raise ValueError(
                f"phase_spread must be between 0 and 1 period, got {self.phase_spread}; "
                "0 puts all links in step"
            )

    def changes(
        self, nominal: Mapping[str, float], rng: np.random.Generator
    ) -> Iterator[tuple[float, str, float]]:
        """Yield every link's bandwidth at 0, `step_sim_s`, 2 `step_sim_s`, … for ever."""
        phases = (self.phase_spread * rng.random(len(nominal))).tolist()
        for step in count():
            time_sim_s = step * self.step_sim_s
            for (link, bytes_per_s), phase in zip(nominal.items(), phases, strict=True):
                turn = 2 * math.pi * (time_sim_s / self.period_sim_s + phase)
                yield time_sim_s, link, bytes_per_s * (1 + self.amplitude * math.sin(turn))
