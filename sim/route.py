"""Owns routes: the links that a message, or several that advance side by side, must cross.

A route of one message has weight 1 on each of its links. A *bundle* joins the routes of messages
that can only advance together (one step of a collective): a link that three of them cross has
weight 3, and the slowest link sets the pace of all. Units: bytes per second, virtual seconds.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from sim.fair_share import Link


class Route:
    """Hold the links on the way, each with its weight, and what the way itself costs.

    `flow_bytes_per_s` caps each message, as a TCP window does. The last byte needs `latency_sim_s`,
    and for each of `num_hops` messages in a row the longest of `num_messages` exponential delays
    with mean `jitter_sim_s`.
    """

    __slots__ = (
        "crossings",
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
        self.crossings = tuple(self.weights.items())
        self.flow_bytes_per_s = flow_bytes_per_s
        self.latency_sim_s = sum(link.latency_sim_s for link in links)
        self.jitter_sim_s = sum(link.jitter_sim_s for link in links)
        self.num_messages = 1
        self.num_hops = 1

    def lone_bytes_per_s(self) -> float:
        """Return the rate of a transfer that is alone on the way."""
        rate = self.flow_bytes_per_s
        for link, weight in self.crossings:
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


def join(routes: Sequence[Route], sizes: Sequence[float]) -> Route:
    """Return the route of messages that advance together, each in proportion to its size; it has
    the longest latency and jitter.
    """
    weights: dict[Link, float] = {}
    for route, size in zip(routes, sizes, strict=True):
        for link, weight in route.crossings:
            weights[link] = weights.get(link, 0.0) + weight * size
    joined = Route(list(weights))
    joined.weights, joined.crossings = weights, tuple(weights.items())
    joined.flow_bytes_per_s = min(
        route.flow_bytes_per_s / size for route, size in zip(routes, sizes, strict=True)
    )
    joined.latency_sim_s = max(route.latency_sim_s for route in routes)
    joined.jitter_sim_s = max(route.jitter_sim_s for route in routes)
    joined.num_messages = len(routes)
    return joined


def bundle(routes: Sequence[Route], *, num_bytes: float, num_latencies: float) -> Route:
    """Return the route of messages of `num_bytes` that advance together, `num_latencies` in a row.

    A step lasts as long as its slowest message, latency included. The slowest link sets the pace of
    the bytes, so what is left for latencies is the difference; on equal links that is the latency.
    """
    joined = join(routes, [1.0] * len(routes))
    serve_sim_s = [_serve_sim_s(route, joined.weights, num_bytes) for route in routes]
    step_sim_s = max(
        served + route.latency_sim_s for served, route in zip(serve_sim_s, routes, strict=True)
    )
    joined.latency_sim_s = num_latencies * (step_sim_s - max(serve_sim_s))
    joined.num_hops = max(1, round(num_latencies))
    return joined


def _serve_sim_s(route: Route, weights: Mapping[Link, float], num_bytes: float) -> float:
    """Return how long a message is served when its links carry nothing but the bundle; a link that
    is cut at present counts as fast, since the bundle waits for it anyway.
    """
    rates = [link.bytes_per_s / weights[link] for link in route.weights if link.bytes_per_s]
    return num_bytes / min(*rates, route.flow_bytes_per_s, math.inf)
