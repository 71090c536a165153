"""Owns servers at run time: a proxy, its replicas, regional proxies and parameter servers.

A server has links of its own, and workers behind one first-come queue. Service times are known on
arrival, so a job's end is known on arrival too: it starts when the first worker is free. One event
a job instead of a resource's three, and the same schedule (test_proxy holds it against
simpy.Resource).
"""

import heapq
from functools import partial
from typing import NamedTuple

import simpy

from sim.consortium import Proxy
from sim.machine import Machine
from sim.trace import Trace


class Job(NamedTuple):
    """A job in a server's queue: when it starts to be served, and the event of its end."""

    start_sim_s: float
    end: simpy.Event


class ProxyServer(Machine):
    """Merge updates, one per worker at a time, in order of arrival."""

    is_server = True

    def __init__(
        self, env: simpy.Environment, name: str, proxy: Proxy, *, trace: Trace, efficiency: float
    ) -> None:
        super().__init__(env, name, proxy, efficiency)
        self.num_workers = proxy.num_workers
        self.num_jobs = 0
        self.queued_sim_s = 0.0
        self.busy_sim_s = 0.0
        self._crashes = 0
        self._trace = trace
        self._merge_bytes_per_s = proxy.merge_bytes_per_s
        self._clear()

    def merge(self, num_bytes: float) -> Job:
        """Queue an update of `num_bytes`."""
        now_sim_s = self.env.now
        free_at_sim_s, worker = self._free_at_sim_s[0]
        start_sim_s = max(now_sim_s, free_at_sim_s)
        service_sim_s = num_bytes / self._merge_bytes_per_s
        end_sim_s = start_sim_s + service_sim_s
        heapq.heapreplace(self._free_at_sim_s, (end_sim_s, worker))
        self.num_jobs += 1
        self.queued_sim_s += start_sim_s - now_sim_s
        self.busy_sim_s += service_sim_s
        end = self.env.timeout(end_sim_s - now_sim_s)
        assert end.callbacks is not None
        end.callbacks.append(partial(self._merged, worker, start_sim_s, num_bytes, self._crashes))
        return Job(start_sim_s, end)

    def stop(self) -> None:
        """Lose the queue, and what is being merged."""
        self._crashes += 1
        self._clear()

    def _clear(self) -> None:
        one = self.num_workers == 1
        names = [self.name] if one else [f"{self.name}.{n}" for n in range(self.num_workers)]
        self._free_at_sim_s = [(self.env.now, name) for name in names]  # a heap of workers

    def _merged(
        self, worker: str, start_sim_s: float, num_bytes: float, crashes: int, _end: simpy.Event
    ) -> None:
        if crashes == self._crashes:
            self._trace.other_span(worker, "merge", start_sim_s, self.env.now, num_bytes)
