"""Owns prices and power: what a run would cost in USD, and its energy in joules.

A `Usage` of machines and network comes in; sums of money and energy go out. A gigabyte is 1e9
bytes, as clouds bill it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from sim.bounds import not_negative

SECONDS_PER_HOUR = 3600
BYTES_PER_GB = 1e9
JOULES_PER_KWH = 3.6e6
BUSY = ("compute", "protect")
"""What a partner's machine is at work for."""


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Hold what a run, or a round of one, has used.

    The partners' seconds are sums over all partners; the total is what has passed on the virtual
    clock, for which every one of `num_proxies` machines is paid (0 in modes without a proxy).
    """

    partner_busy_sim_s: float
    partner_idle_sim_s: float
    total_sim_s: float
    num_proxies: int
    sent_bytes: float


def usage_of(
    partner_sim_s: Mapping[str, float], *, total_sim_s: float, num_proxies: int, sent_bytes: float
) -> Usage:
    """Return what is paid for, from the partners' seconds by kind (`sim.trace.KINDS`)."""
    busy_sim_s = sum(partner_sim_s[kind] for kind in BUSY)
    return Usage(
        partner_busy_sim_s=busy_sim_s,
        partner_idle_sim_s=sum(partner_sim_s.values()) - busy_sim_s,
        total_sim_s=total_sim_s,
        num_proxies=num_proxies,
        sent_bytes=sent_bytes,
    )


@dataclass(frozen=True, kw_only=True)
class Tariff:
    """Hold the prices of machines, network and energy, and the power of a partner's machine.

    A rented machine's price has its energy in it; `usd_per_kwh` is for machines of one's own.
    """

    usd_per_partner_hour: float
    usd_per_proxy_hour: float
    usd_per_gb: float
    busy_watts: float
    idle_watts: float
    usd_per_kwh: float

    def __post_init__(self) -> None:
        for field in fields(self):
            not_negative(field.name, getattr(self, field.name), remedy="0 is free of charge")
        if self.idle_watts > self.busy_watts:
            raise ValueError(
                f"idle_watts must be at most busy_watts={self.busy_watts}, got {self.idle_watts}; "
                "exchange them"
            )

    def usd(self, usage: Usage) -> float:
        """Return the price of machines, bytes and energy; machines cost the same busy or idle."""
        partner_sim_s = usage.partner_busy_sim_s + usage.partner_idle_sim_s
        proxy_sim_s = usage.num_proxies * usage.total_sim_s
        return (
            self.usd_per_partner_hour * partner_sim_s / SECONDS_PER_HOUR
            + self.usd_per_proxy_hour * proxy_sim_s / SECONDS_PER_HOUR
            + self.usd_per_gb * usage.sent_bytes / BYTES_PER_GB
            + self.usd_per_kwh * self.energy_joules(usage) / JOULES_PER_KWH
        )

    def energy_joules(self, usage: Usage) -> float:
        """Return the energy of the partners' machines; the proxy's and the network's are in their
        prices only.
        """
        return (
            self.busy_watts * usage.partner_busy_sim_s + self.idle_watts * usage.partner_idle_sim_s
        )
