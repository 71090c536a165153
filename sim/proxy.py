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
        self.num_jobs = 0  # that were done, with their time in the queue and at a worker
        self.queued_sim_s = 0.0
        self.busy_sim_s = 0.0
        self.num_crashes = 0
        self._num_arrived = 0
        self._trace = trace
        self._merge_bytes_per_s = proxy.merge_bytes_per_s
        self._clear()

    @property
    def queue_length(self) -> int:
        """Updates that wait, or are being merged."""
        return self._num_arrived - self.num_jobs

    def merge(self, num_bytes: float) -> Job:
        """Queue an update of `num_bytes`."""
        return self.serve(num_bytes, self._merge_bytes_per_s)

    def serve(self, num_bytes: float, bytes_per_s: float) -> Job:
        """Queue a job of `num_bytes` that a worker does at a rate of its own."""
        now_sim_s = self.env.now
        self._num_arrived += 1
        free_at_sim_s, worker = self._free_at_sim_s[0]
        start_sim_s = max(now_sim_s, free_at_sim_s)
        service_sim_s = num_bytes / bytes_per_s
        end_sim_s = start_sim_s + service_sim_s
        heapq.heapreplace(self._free_at_sim_s, (end_sim_s, worker))
        end = self.env.timeout(end_sim_s - now_sim_s)
        job = Job(start_sim_s, end)
        assert end.callbacks is not None
        end.callbacks.append(
            partial(self._done, job, worker, now_sim_s, num_bytes, self.num_crashes)
        )
        return job

    def stop(self) -> None:
        """Lose the queue, and what is being merged."""
        self.num_crashes += 1
        self._num_arrived = self.num_jobs
        self._clear()

    def _clear(self) -> None:
        one = self.num_workers == 1
        names = [self.name] if one else [f"{self.name}.{n}" for n in range(self.num_workers)]
        self._free_at_sim_s = [(self.env.now, name) for name in names]  # a heap of workers

    def _done(
        self,
        job: Job,
        worker: str,
        arrival_sim_s: float,
        num_bytes: float,
        num_crashes: int,
        _end: simpy.Event,
    ) -> None:
        """Count and trace a job, unless a crash has lost it."""
        if num_crashes != self.num_crashes:
            return
        start_sim_s, now_sim_s = job.start_sim_s, self.env.now
        self.num_jobs += 1
        self.queued_sim_s += start_sim_s - arrival_sim_s
        self.busy_sim_s += now_sim_s - start_sim_s
        self._trace.other_span(worker, "merge", start_sim_s, now_sim_s, num_bytes)
