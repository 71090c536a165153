"""Owns workers that push to parameter servers without waiting for each other: asynchronous, or
stale-synchronous.

Each pushed gradient is applied as it comes, whatever has been applied since its worker pulled. With
a staleness bound, a worker that has done more than that many steps more than the slowest waits
before it pulls (stale-synchronous parallel, Ho et al., NIPS 2013, section 3); infinity is
asynchronous. A round is as many steps, done or lost, as there are partners, whoever takes them.

Faults: a worker that breaks down loses its step; on its return it counts as one of the slowest, and
pulls again. Only those who are up are waited for.
"""

from functools import partial
from typing import TYPE_CHECKING

from sim.learner import Merged, Model, Work
from sim.partner import Member
from sim.presence import Steps
from sim.protocol.parameter_servers import ParameterServers

if TYPE_CHECKING:
    from sim.world import World


class FreeRunning:
    """Let every worker run at its own pace until the budget is spent."""

    def __init__(
        self, world: "World", servers: ParameterServers, *, staleness_bound: float
    ) -> None:
        self._world = world
        self._servers = servers
        self._bound = staleness_bound
        self._model: Model = world.learner.initial_model(owner=None)
        self._pulled = {member.index: self._model for member in world.members}
        self._num_steps = dict.fromkeys(self._pulled, 0)
        self._present = {member.index for member in world.up(world.members)}
        self._moved_on = world.env.event()  # the slowest has
        self._spent = world.env.event()
        self._merged: list[Merged] = []
        self._contributors: set[int] = set()
        self._num_lost = 0

    def run(self) -> Steps:
        """Start the workers, and wait until the budget is spent."""
        self._world.begin([self._model])
        for member in self._world.members:
            self._world.env.process(self._work(member))
        yield self._spent

    def _work(self, worker: Member) -> Steps:
        world = self._world
        while True:
            while worker.is_up:
                done = yield world.attempt([worker], self._step(worker))
                if self._spent.triggered:
                    return
                (self._apply if done else self._lose)(worker)
                if len(self._merged) + self._num_lost == len(self._num_steps):
                    self._end_round()
            self._present.discard(worker.index)
            self._let_go_on()
            yield from world.until_up([worker])
            self._rejoin(worker)

    def _step(self, worker: Member) -> Steps:
        world, servers = self._world, self._servers
        while self._is_too_far(worker):
            yield self._moved_on
        if worker.index not in self._pulled:
            yield from servers.reach(partial(self._pull, worker))
        yield worker.compute(1)
        yield from servers.reach(partial(servers.push, worker, world.wire_bytes))

    def _pull(self, worker: Member) -> Steps:
        version = self._model
        yield from self._servers.pull(worker, self._world.workload.update_bytes)
        self._pulled[worker.index] = version

    def _is_too_far(self, worker: Member) -> bool:
        return self._num_steps[worker.index] > self._slowest() + self._bound

    def _slowest(self) -> int:
        return min((self._num_steps[index] for index in self._present), default=0)

    def _apply(self, worker: Member) -> None:
        """Apply a push."""
        index = worker.index
        start = self._pulled.pop(index)
        work = Work(partner=index, start=start, num_steps=1, data_of=(index,))
        merged = self._world.learner.step(self._model, [work])
        self._model = merged.model
        self._merged.append(merged)
        self._contributors.add(index)
        self._num_steps[index] += 1
        self._let_go_on()

    def _lose(self, worker: Member) -> None:
        """Forget a step."""
        self._pulled.pop(worker.index, None)
        self._num_lost += 1

    def _rejoin(self, worker: Member) -> None:
        """Take a worker in again as one of the slowest that are there."""
        index = worker.index
        self._num_steps[index] = max(self._num_steps[index], self._slowest())
        self._present.add(index)

    def _let_go_on(self) -> None:
        """Let those who wait for the slowest look again."""
        moved_on, self._moved_on = self._moved_on, self._world.env.event()
        moved_on.succeed()

    def _end_round(self) -> None:
        world = self._world
        merged, self._merged = self._merged, []
        world.end_round(
            [self._model],
            merged=merged,
            num_participants=len(self._contributors),
            num_dropped=self._num_lost,
            num_samples=len(merged) * world.workload.batch_size,
            evaluates=None,
        )
        self._contributors.clear()
        self._num_lost = 0
        if world.is_spent:
            self._spent.succeed()
