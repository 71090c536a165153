"""Scenario `lognormal`: a population of unequal partners, drawn around medians.

Speed, bandwidth and data share are lognormal, `median * exp(spread * z)` with standard normal z, as
measured device and site populations are (FedScale, Lai et al. 2022, fig. 3, shows such tails for
compute and for network speed).
"""

from dataclasses import dataclass

import numpy as np

from sim.bounds import at_least, not_negative
from sim.consortium import Consortium, Partner, Proxy
from sim.streams import stream


@dataclass(frozen=True, kw_only=True)
class Lognormal:
    """Draw `num_partners` partners; a spread of 0 makes that quantity equal for all."""

    num_partners: int
    median_speed: float
    speed_spread: float
    median_bytes_per_s: float
    bytes_per_s_spread: float
    data_share_spread: float
    latency_sim_s: float
    proxy: Proxy

    def __post_init__(self) -> None:
        at_least("num_partners", self.num_partners, 1, remedy="try scenario.num_partners=100")
        for name in ("speed_spread", "bytes_per_s_spread", "data_share_spread"):
            not_negative(
                name,
                getattr(self, name),
                remedy="0.5 means that one partner in six is over 1.65 times the median",
            )

    def consortium(self, seed: int) -> Consortium:
        """Return the drawn partners; uplink and downlink of a partner are equal."""
        draws = stream(seed, "scenario", "lognormal").standard_normal((self.num_partners, 3))
        spreads = (self.speed_spread, self.bytes_per_s_spread, self.data_share_spread)
        factors = np.exp(draws * np.array(spreads))
        partners = tuple(self._partner(index, *row) for index, row in enumerate(factors.tolist()))
        return Consortium(partners=partners, proxy=self.proxy)

    def _partner(self, index: int, speed: float, bandwidth: float, share: float) -> Partner:
        return Partner(
            name=f"p{index}",
            speed=self.median_speed * speed,
            uplink_bytes_per_s=self.median_bytes_per_s * bandwidth,
            downlink_bytes_per_s=self.median_bytes_per_s * bandwidth,
            latency_sim_s=self.latency_sim_s,
            data_share=share,
        )
