"""Scenario `lognormal`: a population of unequal partners, drawn around medians.

Speed, bandwidth, data share, data skew and downtime are lognormal, `median * exp(spread * z)` with
standard normal z, as measured device and site populations are (FedScale, Lai et al. 2022, fig. 3,
shows such tails for compute and for network speed).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.bounds import at_least, not_negative
from sim.consortium import Consortium, Partner, Proxy
from sim.streams import stream

SPREADS = (
    "speed_spread",
    "bytes_per_s_spread",
    "data_share_spread",
    "data_skew_spread",
    "downtime_spread",
)
CORRELATIONS = {
    "speed_skew_correlation": "data_skew_spread",
    "speed_downtime_correlation": "downtime_spread",
}


@dataclass(frozen=True, kw_only=True)
class Lognormal:
    """Draw `num_partners` partners; a spread of 0 makes that quantity equal for all.

    `speed_skew_correlation` is the correlation of the logarithms of speed and data skew: at -1 the
    slower partner always has the more unusual labels. `speed_downtime_correlation` is that of speed
    and downtime.
    """

    num_partners: int
    median_speed: float
    speed_spread: float
    median_bytes_per_s: float
    bytes_per_s_spread: float
    data_share_spread: float
    data_skew_spread: float
    speed_skew_correlation: float
    downtime_spread: float
    speed_downtime_correlation: float
    latency_sim_s: float
    proxy: Proxy

    def __post_init__(self) -> None:
        at_least("num_partners", self.num_partners, 1, remedy="try scenario.num_partners=100")
        for name in SPREADS:
            not_negative(
                name,
                getattr(self, name),
                remedy="0.5 means that one partner in six is over 1.65 times the median",
            )
        for correlation, spread in CORRELATIONS.items():
            self._check_correlation(correlation, spread)

    def consortium(self, seed: int) -> Consortium:
        """Return the drawn partners; uplink and downlink of a partner are equal."""
        draws = stream(seed, "scenario", "lognormal").standard_normal((self.num_partners, 3))
        spreads = (self.speed_spread, self.bytes_per_s_spread, self.data_share_spread)
        factors = np.exp(draws * np.array(spreads))
        speeds = draws[:, 0]
        skews = self._correlated(seed, "data_skew", speeds, self.speed_skew_correlation)
        downtimes = self._correlated(seed, "downtime", speeds, self.speed_downtime_correlation)
        skews, downtimes = self.data_skew_spread * skews, self.downtime_spread * downtimes
        rows = np.column_stack([factors, np.exp(skews), np.exp(downtimes)]).tolist()
        partners = tuple(self._partner(index, row) for index, row in enumerate(rows))
        return Consortium(partners=partners, proxy=self.proxy)

    def _correlated(self, seed: int, name: str, speeds: np.ndarray, rho: float) -> np.ndarray:
        """Return standard normals, of shape (num_partners,), correlated with those of the speeds.

        They are ρ times the speeds' plus √(1 - ρ²) times new ones: the second row of the Cholesky
        factor of [[1, ρ], [ρ, 1]] (Gentle 2003). The speeds stay what they are.
        """
        own = stream(seed, "scenario", "lognormal", name).standard_normal(self.num_partners)
        return rho * speeds + math.sqrt(1 - rho**2) * own

    def _partner(self, index: int, row: Sequence[float]) -> Partner:
        speed, bandwidth, share, skew, downtime = row
        return Partner(
            name=f"p{index}",
            speed=self.median_speed * speed,
            uplink_bytes_per_s=self.median_bytes_per_s * bandwidth,
            downlink_bytes_per_s=self.median_bytes_per_s * bandwidth,
            latency_sim_s=self.latency_sim_s,
            data_share=share,
            data_skew=skew,
            downtime=downtime,
        )

    def _check_correlation(self, correlation: str, spread: str) -> None:
        rho = getattr(self, correlation)
        if not -1 <= rho <= 1:
            raise ValueError(
                f"{correlation} must be between -1 and 1, got {rho}; "
                f"-0.5 gives slow partners the larger {spread.removesuffix('_spread')}"
            )
        for name in ("speed_spread", spread):
            if rho != 0 and getattr(self, name) == 0:
                raise ValueError(
                    f"{correlation} must be 0 where {name} is 0, got {rho}; try scenario.{name}=0.5"
                )
