"""Owns what a run has spent so far, of virtual time, bytes and money, and of what it may spend.

In: the clock, the network, the trace and the prices. Out: a `Spent`, and what has run out.
"""

import math
from collections.abc import Sequence

import simpy

from sim.budget import Budget
from sim.network import Network
from sim.proxy import ProxyServer
from sim.tariff import Tariff, usage_of
from sim.trace import Trace


class Spending:
    """Look at what has been used up to now."""

    def __init__(
        self,
        budget: Budget,
        tariff: Tariff,
        env: simpy.Environment,
        network: Network,
        trace: Trace,
        servers: Sequence[ProxyServer],
    ) -> None:
        """`servers` may still become more."""
        self._budget = budget
        self._tariff = tariff
        self._env = env
        self._network = network
        self._trace = trace
        self._servers = servers

    @property
    def cost_usd(self) -> float:
        """What machines, bytes and energy have cost; of what is still under way only the time."""
        usage = usage_of(
            self._trace.total_sim_s,
            total_sim_s=self._env.now,
            num_proxies=sum(server.carried_bytes > 0 for server in self._servers),
            sent_bytes=self._network.sent_bytes,
        )
        return self._tariff.usd(usage)

    @property
    def time_fraction(self) -> float:
        """The part of the time that may pass; NaN where there is no limit, here and below."""
        return _part(self._env.now, self._budget.max_sim_s)

    @property
    def bytes_fraction(self) -> float:
        """The part of the bytes that may be sent."""
        return _part(self._network.sent_bytes, self._budget.max_bytes)

    @property
    def cost_fraction(self) -> float:
        """The part of the money."""
        limit = self._budget.max_cost_usd
        return math.nan if limit is None else _part(self.cost_usd, limit)

    @property
    def spent(self) -> str | None:
        """What there is no more of: `time`, `bytes` or `cost`; None while there is some of all."""
        if self.time_fraction >= 1:
            return "time"
        if self.bytes_fraction >= 1:
            return "bytes"
        return "cost" if self.cost_fraction >= 1 else None


def _part(used: float, limit: float | None) -> float:
    return math.nan if limit is None else used / limit
