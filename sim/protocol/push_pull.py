"""Owns one synchronous step between workers and parameter servers.

Each worker computes the gradient of one batch and pushes it in partitions, one after another. A
partition can be pulled when the servers have added it up for all workers, so pulls of one go on
while the next is pushed, as in BytePS (Jiang et al., OSDI 2020); with one partition nothing
overlaps.

Faults: a worker that breaks down is let go: nobody waits for its gradient, which does not count.
Workers that need a server which is down wait for its return; what was under way is sent again.
"""

from collections.abc import Collection, Sequence
from functools import partial
from typing import TYPE_CHECKING

import simpy

from sim.partner import Member
from sim.presence import Steps
from sim.protocol.parameter_servers import ParameterServers

if TYPE_CHECKING:
    from sim.world import World


class PushPull:
    """Run one step; afterwards `contributors` are in the sum and `holders` have the new model."""

    def __init__(
        self,
        world: "World",
        servers: ParameterServers,
        workers: Sequence[Member],
        *,
        late: Collection[int],
        num_partitions: int,
    ) -> None:
        """`late` are the workers that pull the present model first."""
        self.contributors: list[Member] = []
        self.holders: list[Member] = []
        self._world = world
        self._servers = servers
        self._workers = workers
        self._late = late
        self._push_bytes = world.wire_bytes / num_partitions
        self._pull_bytes = world.workload.update_bytes / num_partitions
        env = world.env
        self._added = {one.index: [env.event() for _ in range(num_partitions)] for one in workers}
        self._num_pulled = dict.fromkeys(self._added, 0)
        self._summed = [env.all_of(events) for events in zip(*self._added.values(), strict=True)]

    def run(self) -> Steps:
        """Let all push and pull; the step ends with the last of them."""
        world = self._world
        pushes = [world.attempt([one], self._contribute(one)) for one in self._workers]
        for worker, push in zip(self._workers, pushes, strict=True):
            assert push.callbacks is not None
            push.callbacks.append(partial(self._let_go, worker))
        pulls = [world.attempt([one], self._collect(one)) for one in self._workers]
        yield world.env.all_of([*pushes, *pulls])
        self.contributors = _successful(self._workers, pushes)
        self.holders = _successful(self._workers, pulls)

    def _contribute(self, worker: Member) -> Steps:
        world, servers = self._world, self._servers
        if worker.index in self._late:
            num_bytes = world.workload.update_bytes
            yield from servers.reach(partial(servers.pull, worker, num_bytes))
        yield worker.compute(1)
        yield from servers.reach(partial(self._push, worker))

    def _let_go(self, worker: Member, _end: simpy.Event) -> None:
        """See to it that nobody waits for a worker that has come to its end, or broken down."""
        for added in self._added[worker.index]:
            if not added.triggered:
                added.succeed()

    def _push(self, worker: Member) -> Steps:
        """Push the partitions that the servers don't have yet."""
        servers, num_bytes = self._servers, self._push_bytes
        missing = [added for added in self._added[worker.index] if not added.triggered]
        if not missing:
            return
        *earlier, last = missing
        on_the_way: list[simpy.Process] = []
        try:
            steps = self._send(worker, earlier, on_the_way)
            yield from servers.busy(worker, num_bytes * len(missing), steps)
            yield from servers.add_up(worker, num_bytes)
            last.succeed()
            yield self._world.env.all_of(on_the_way)
        except simpy.Interrupt:
            for arrival in on_the_way:
                self._world.presence.abandon(arrival)
            raise

    def _send(
        self,
        worker: Member,
        earlier: Sequence[simpy.Event],
        on_the_way: list[simpy.Process],
    ) -> Steps:
        """Send partitions one after another; only the last one's latency is waited for."""
        servers, num_bytes = self._servers, self._push_bytes
        for added in earlier:
            yield from servers.carry(worker, num_bytes, is_push=True, waits_for_latency=False)
            on_the_way.append(self._world.env.process(self._arrive(worker, added)))
        yield from servers.carry(worker, num_bytes, is_push=True)

    def _arrive(self, worker: Member, added: simpy.Event) -> Steps:
        """Let a partition that has left the worker arrive, and be added up."""
        try:
            yield from self._servers.carry(worker, 0.0, is_push=True)
            jobs = self._servers.queue(self._push_bytes)
            yield self._world.env.all_of([job.end for job in jobs])
        except simpy.Interrupt:
            return
        added.succeed()

    def _collect(self, worker: Member) -> Steps:
        yield from self._servers.reach(partial(self._pull, worker))

    def _pull(self, worker: Member) -> Steps:
        """Pull the partitions that the worker doesn't have yet, each when it is summed."""
        num_partitions = len(self._summed)
        for number in range(self._num_pulled[worker.index], num_partitions):
            yield self._summed[number]
            yield from self._fetch(worker, is_last=number == num_partitions - 1)
            self._num_pulled[worker.index] += 1

    def _fetch(self, worker: Member, *, is_last: bool) -> Steps:
        """Pull a partition; in the background as long as the worker pushes."""
        num_bytes = self._pull_bytes
        carry = self._servers.carry(worker, num_bytes, is_push=False, waits_for_latency=is_last)
        if all(added.triggered for added in self._added[worker.index]):
            yield from self._servers.busy(worker, num_bytes, carry)
            return
        start_sim_s = self._world.env.now
        yield from carry
        self._world.trace.other_span(
            f"{worker.name}/background",
            "transfer",
            start_sim_s,
            self._world.env.now,
            self._servers.remote_bytes(worker, num_bytes),
        )


def _successful(workers: Sequence[Member], attempts: Sequence[simpy.Process]) -> list[Member]:
    return [worker for worker, one in zip(workers, attempts, strict=True) if one.value]
