"""Owns the proxy server at run time: links of its own, and workers behind one first-come queue.

Service times are known on arrival, so a job's end is known on arrival too: it starts when the first
worker is free. One event a job instead of a resource's three, and the same schedule (test_proxy
holds it against simpy.Resource).
"""

import heapq

import simpy

from sim.consortium import Proxy
from sim.fair_share import Link
from sim.trace import PROXY, Trace


class ProxyServer:
    """Merge updates, one per worker at a time, in order of arrival."""

    def __init__(self, env: simpy.Environment, proxy: Proxy, trace: Trace) -> None:
        self.uplink = Link(
            name="proxy.up", bytes_per_s=proxy.uplink_bytes_per_s, latency_sim_s=proxy.latency_sim_s
        )
        self.downlink = Link(
            name="proxy.down",
            bytes_per_s=proxy.downlink_bytes_per_s,
            latency_sim_s=proxy.latency_sim_s,
        )
        self._env = env
        self._trace = trace
        self._merge_bytes_per_s = proxy.merge_bytes_per_s
        names = (
            [PROXY]
            if proxy.num_workers == 1
            else [f"{PROXY}.{n}" for n in range(proxy.num_workers)]
        )
        self._free_at_sim_s = [(0.0, name) for name in names]  # a heap of workers

    def merge(self, num_bytes: float) -> simpy.Event:
        """Queue an update of `num_bytes`; the event comes when it has been merged."""
        now_sim_s = self._env.now
        free_at_sim_s, worker = self._free_at_sim_s[0]
        start_sim_s = max(now_sim_s, free_at_sim_s)
        end_sim_s = start_sim_s + num_bytes / self._merge_bytes_per_s
        heapq.heapreplace(self._free_at_sim_s, (end_sim_s, worker))
        self._trace.server_span(worker, start_sim_s, end_sim_s, num_bytes)
        return self._env.timeout(end_sim_s - now_sim_s)
