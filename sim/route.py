"""Owns routes: the links that a message, or several that advance side by side, must cross.

A route of one message has weight 1 on each of its links. A *bundle* joins the routes of messages
that can only advance together (one step of a collective): a link that three of them cross has
weight 3, and the slowest link sets the pace of all. Units: bytes per second, virtual seconds.
"""

import math
from collections.abc import Sequence

import numpy as np

from sim.fair_share import Link


class Route:
    """Hold the weight of every link on the way, and what the way itself costs.

    `flow_bytes_per_s` caps each message, as a TCP window does. The last byte needs `latency_sim_s`,
    and for each of `num_hops` messages in a row the longest of `num_messages` exponential delays
    with mean `jitter_sim_s`.
    """

    __slots__ = (
        "flow_bytes_per_s",
        "jitter_sim_s",
        "latency_sim_s",
        "num_hops",
        "num_messages",
        "weights",
    )

    def __init__(
        self,
        links: Sequence[Link],
        *,
        flow_bytes_per_s: float = math.inf,
    ) -> None:
        if not links:
            raise ValueError("a route needs at least 1 link, got none")
        self.weights = dict.fromkeys(links, 1.0)
        self.flow_bytes_per_s = flow_bytes_per_s
        self.latency_sim_s = sum(link.latency_sim_s for link in links)
        self.jitter_sim_s = sum(link.jitter_sim_s for link in links)
        self.num_messages = 1
        self.num_hops = 1

    def is_idle(self) -> bool:
        """Whether no link on the way carries anything."""
        return not any(link.flows for link in self.weights)

    def lone_bytes_per_s(self) -> float:
        """Return the rate of a transfer that is alone on the way."""
        rate = self.flow_bytes_per_s
        for link, weight in self.weights.items():
            if link.bytes_per_s < rate * weight:
                rate = link.bytes_per_s / weight
        return rate

    def delay_sim_s(self, rng: np.random.Generator) -> float:
        """Return what the last byte needs after it has been served."""
        if self.jitter_sim_s == 0:
            return self.latency_sim_s
        # The longest of n exponential delays has the distribution function (1 - exp(-x / mean))**n.
        uniform = rng.random(self.num_hops)
        longest = -np.log1p(-(uniform ** (1 / self.num_messages)))
        return self.latency_sim_s + self.jitter_sim_s * float(longest.sum())


def bundle(routes: Sequence[Route], *, num_latencies: float, is_chain: bool) -> Route:
    """Return the route of messages that advance together, `num_latencies` of them in a row.

    Along a chain, what is received is passed on, so its latencies are those of the way around: the
    mean. Otherwise each step waits for the longest.
    """
    joined = Route(list(routes[0].weights))
    weights = joined.weights = {}
    for route in routes:
        for link, weight in route.weights.items():
            weights[link] = weights.get(link, 0.0) + weight
    latencies = [route.latency_sim_s for route in routes]
    one = sum(latencies) / len(latencies) if is_chain else max(latencies)
    joined.flow_bytes_per_s = min(route.flow_bytes_per_s for route in routes)
    joined.latency_sim_s = num_latencies * one
    joined.jitter_sim_s = max(route.jitter_sim_s for route in routes)
    joined.num_messages = len(routes)
    joined.num_hops = max(1, round(num_latencies))
    return joined
