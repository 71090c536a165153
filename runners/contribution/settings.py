"""Owns the settings of conf/contribution.yaml: what a coalition is worth, how closely values are
estimated, and what is paid out.
"""

from dataclasses import dataclass

from runners.contribution.monte_carlo import Stopping
from runners.contribution.payout import whole_cents
from runners.learner.horovod import DEVICES
from sim.bounds import at_least, one_of, positive

METRICS = ("accuracy", "loss")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Say how contributions are found.

    `metric` is what a coalition's model is worth: its accuracy, or minus its loss. `seed` is that
    of the orders. `max_orders` and the two before it are `monte_carlo.Stopping`'s, `round_orders`
    those of each round's reconstruction with more partners than are exact. `sum_usd` is divided.
    """

    metric: str
    device: str
    seed: int
    truncation_fraction: float
    tolerance: float
    lag: int
    max_orders: int
    round_orders: int
    sum_usd: float

    def __post_init__(self) -> None:
        one_of("metric", self.metric, METRICS)
        one_of("device", self.device, DEVICES)
        at_least("seed", self.seed, 0, remedy="try contribution.seed=0")
        if not 0 <= self.truncation_fraction < 1:
            raise ValueError(
                "truncation_fraction must be at least 0 and below 1, got "
                f"{self.truncation_fraction}; 0 truncates nothing, try 0.01"
            )
        positive("tolerance", self.tolerance, remedy="0.05 is Ghorbani & Zou's")
        for name in ("lag", "max_orders", "round_orders"):
            at_least(name, getattr(self, name), 1, remedy=f"try contribution.{name}=100")
        whole_cents(self.sum_usd)

    @property
    def stopping(self) -> Stopping:
        """When Monte Carlo ends."""
        return Stopping(
            truncation_fraction=self.truncation_fraction,
            tolerance=self.tolerance,
            lag=self.lag,
            max_orders=self.max_orders,
        )
