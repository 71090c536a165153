"""Owns the messages between a worker and the parameter servers, and the adding up at the servers.

Slices of a gradient or a model go to and from all servers side by side: in proportion to the
servers' shards, so that all of them end at once and the slowest link sets the pace. What goes to a
worker's own shard crosses no link. Bytes are of the whole model; virtual seconds.
"""

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import simpy

from sim.partner import Member
from sim.presence import Steps
from sim.protocol.shard import Shard
from sim.proxy import Job
from sim.route import Route, join

if TYPE_CHECKING:
    from sim.world import World


class ParameterServers:
    """Carry slices to and from the shards of one model."""

    def __init__(self, world: "World", shards: Sequence[Shard]) -> None:
        self._world = world
        self._shards = shards
        self._remote = {
            worker.index: [shard for shard in shards if shard.host is not worker]
            for worker in world.members
        }
        self._remote_fraction = {
            index: sum(shard.fraction for shard in remote) for index, remote in self._remote.items()
        }
        machines = [machine for shard in shards for machine in (shard.host, shard.server)]
        self._machines = list(dict.fromkeys(machines))
        self._ways: dict[tuple[int, bool, bool], tuple[list[Route], Route]] = {}
        for shard in shards:
            if shard.host is not shard.server:
                world.env.process(self._clear_when_host_breaks_down(shard))

    def reach(self, steps: Callable[[], Steps]) -> Steps:
        """Wait until all servers are up and run fresh `steps`, until they come to their end."""
        world, done = self._world, False
        while not done:
            yield from world.until_up(self._machines, len(self._machines))
            attempt = world.attempt(self._machines, steps())
            try:
                done = yield attempt
            except simpy.Interrupt:  # the worker breaks down
                world.presence.abandon(attempt)
                raise

    def remote_bytes(self, worker: Member, num_bytes: float) -> float:
        """Return how much of `num_bytes` is not the worker's own shard's."""
        return num_bytes * self._remote_fraction[worker.index]

    def push(self, worker: Member, num_bytes: float) -> Steps:
        """Send a gradient, and wait until all servers have added it up; on the timeline."""
        yield from self.busy(worker, num_bytes, self.carry(worker, num_bytes, is_push=True))
        yield from self.add_up(worker, num_bytes)

    def pull(self, worker: Member, num_bytes: float) -> Steps:
        """Fetch the model; on the timeline."""
        yield from self.busy(worker, num_bytes, self.carry(worker, num_bytes, is_push=False))

    def carry(
        self, worker: Member, num_bytes: float, *, is_push: bool, waits_for_latency: bool = True
    ) -> Steps:
        """Send slices one way, and wait until the last byte has arrived, or has only left."""
        shards = self._remote[worker.index]
        if not shards:
            return
        way = self._way(worker, shards, is_push=is_push, has_latency=waits_for_latency)
        mean_bytes = self.remote_bytes(worker, num_bytes) / len(shards)
        transfer = self._world.network.transfer(mean_bytes, way)
        try:
            yield transfer
        finally:
            self._world.network.cancel(transfer)  # an interrupt must not leave it under way

    def add_up(self, worker: Member, num_bytes: float) -> Steps:
        """Wait in the servers' queues and for the sums; the worker knows when the last is done."""
        jobs = self.queue(num_bytes)
        last_start_sim_s = max(job.start_sim_s for job in jobs)
        added = self._world.env.all_of([job.end for job in jobs])
        parts = (("queue", last_start_sim_s), ("merge", math.inf))
        try:
            yield worker.traced_parts(added, num_bytes, parts)
        except simpy.Interrupt:
            worker.close()  # the queue is lost, so nobody is in it any more
            raise

    def queue(self, num_bytes: float) -> list[Job]:
        """Queue the slices of a gradient that has arrived, each at its server."""
        return [shard.server.merge(num_bytes * shard.fraction) for shard in self._shards]

    def busy(self, worker: Member, num_bytes: float, steps: Steps) -> Steps:
        """Trace steps as the transfer of what is remote of `num_bytes`."""
        if self._remote[worker.index]:
            worker.begin(self.remote_bytes(worker, num_bytes), (("transfer", math.inf),))
        try:
            yield from steps
        finally:
            worker.close()

    def _way(
        self, worker: Member, shards: Sequence[Shard], *, is_push: bool, has_latency: bool
    ) -> Route:
        """Return the joint way of the slices; it is found anew after the routes have changed."""
        route = self._world.traffic.route
        ends = [(worker, one.host) if is_push else (one.host, worker) for one in shards]
        routes = [route(source, target) for source, target in ends]
        key = (worker.index, is_push, has_latency)
        known = self._ways.get(key)
        if known is None or known[0] != routes:
            way = _in_proportion(routes, [one.fraction for one in shards], has_latency=has_latency)
            known = self._ways[key] = (routes, way)
        return known[1]

    def _clear_when_host_breaks_down(self, shard: Shard) -> Steps:
        while True:
            yield from self._world.until_up([shard.host])
            yield self._world.attempt([shard.host], self._serve())
            shard.server.stop()

    def _serve(self) -> Steps:
        """Wait for ever: only an interrupt ends it."""
        yield self._world.env.event()


def _in_proportion(
    routes: Sequence[Route], fractions: Sequence[float], *, has_latency: bool
) -> Route:
    """Return the way of messages that advance together, with sizes in proportion to `fractions`;
    a transfer on it is of their mean size.
    """
    mean = sum(fractions) / len(fractions)
    way = join(routes, [fraction / mean for fraction in fractions])
    if not has_latency:
        way.latency_sim_s = way.jitter_sim_s = 0.0
    return way
