"""Mode `proxy/fedbuff`: buffered asynchronous federated averaging (FedBuff, Nguyen et al. 2022).

`concurrency` partners are in flight: each has got the newest model, takes some steps on its own
data and sends its update. When `buffer_size` updates have been merged, the model steps with their
mean (`sim.protocol.server`), and a round ends; nobody waits for that. An update that is s versions
old when the model steps has weight `1 / (1 + s)^staleness_exponent`. Whoever is done is replaced by
a partner that the agent picks of those that are free. Replicas of the proxy share the partners, and
exchange their sums before a step.

Faults: a partner that breaks down is replaced. A proxy or replica that breaks down loses what it
has in its buffer and its queue, and the partners that are in flight for it; nobody is sent out
until all replicas are back. A cut link keeps the places of those behind it. When as many updates
as there are places (or as a buffer holds) have been lost since the last round, an empty round is
put down.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import simpy

from sim.bounds import at_least, not_negative
from sim.learner import Merged, Model, Work
from sim.partner import Member
from sim.presence import Steps
from sim.protocol.local_training import LocalTraining
from sim.protocol.replicas import Sum, exchange, sum_at
from sim.protocol.server import Server
from sim.protocol.visit import Visit, visit
from sim.world import World


@dataclass(frozen=True, kw_only=True)
class FedBuff(LocalTraining):
    """Train one model that the proxy holds, `buffer_size` updates a step.

    `concurrency` None means as many as the agent sends out at the start.
    """

    merges_in_one_place: ClassVar[bool] = True
    merges_updates: ClassVar[bool] = True
    actions: ClassVar[frozenset[str]] = frozenset({"num_steps"})

    buffer_size: int
    concurrency: int | None
    staleness_exponent: float
    server: Server

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least("buffer_size", self.buffer_size, 1, remedy="1 steps with every update")
        if self.concurrency is not None:
            at_least("concurrency", self.concurrency, 1, remedy="null asks the agent")
        not_negative(
            "staleness_exponent",
            self.staleness_exponent,
            remedy="0 makes no difference between old and new, the paper has 0.5",
        )

    @property
    def merges_single_updates(self) -> bool:
        """Whether the model steps with every update."""
        return self.buffer_size == 1

    def run(self, world: World) -> Steps:
        """Keep partners in flight until the budget is spent."""
        flights = _Flights(self, world)
        world.begin([flights.model])
        num_places = yield from self._num_places(world)
        for _ in range(num_places):
            world.env.process(flights.fill_place())
        yield flights.landed

    def _num_places(self, world: World) -> Steps:
        """Return how many are in flight at a time."""
        num_partners = len(world.members)
        if self.concurrency is None:
            decision = yield from world.decide(world.members, self)
            world.monitor.saw_staying(decision.partners)
            return len(decision.partners)
        if self.concurrency > num_partners:
            raise ValueError(
                f"mode.concurrency must be at most the {num_partners} partners, "
                f"got {self.concurrency}; try mode.concurrency={num_partners}"
            )
        return self.concurrency


class _Update(NamedTuple):
    """A merged update: whose, of how many steps, from which model on, and the sum it is in."""

    member: Member
    num_steps: int
    start: Model
    sum: Sum


class _Flights:
    """Who is in flight, what is in the buffer, and the newest model."""

    def __init__(self, mode: FedBuff, world: World) -> None:
        self.model = world.learner.initial_model(owner=None)
        self.landed: simpy.Event = world.env.event()  # the budget is spent
        self._mode = mode
        self._world = world
        self._num_places = 0
        self._flying: set[Member] = set()
        self._buffer: list[_Update] = []
        self._num_lost = 0

    def fill_place(self) -> Steps:
        """Send out one partner after the other."""
        world = self._world
        self._num_places += 1
        while True:
            member, num_steps = yield from self._next_member()
            if world.is_spent:
                return
            server, start = world.proxy_of(member), self.model
            done = yield world.attempt((member, server), self._fly(member, num_steps))
            self._flying.remove(member)
            world.saw_returning(member, is_merged=done)
            if done:
                yield from self._put(_Update(member, num_steps, start, sum_at(server)))
            else:
                self._lose(1)

    def _next_member(self) -> Steps:
        """Wait until the proxy and someone free are up; return whom the agent sends out, for how
        many steps.
        """
        world = self._world
        while True:
            yield from world.until_up(world.proxies, len(world.proxies))
            yield from world.until_decided()
            flying = self._flying
            free = [one for one in world.members if one.is_up and one not in flying]
            if free:
                num_missing = self._mode.buffer_size - len(self._buffer)
                decision = yield from world.decide(free, self._mode, 1, num_missing)
                (partner,) = decision.partners
                flying.add(world.members[partner])
                usual = self._mode.num_steps(world.workload, partner)
                return world.members[partner], decision.num_steps.get(partner, usual)
            # Whoever lands later leaves a place whose process looks for the next partner itself.
            yield from world.until_up([one for one in world.members if one not in flying])

    def _fly(self, member: Member, num_steps: int) -> Steps:
        plan = Visit(
            server=self._world.proxy_of(member),
            num_steps=num_steps,
            down_bytes=self._world.workload.update_bytes,
            up_bytes=self._world.wire_bytes,
        )
        yield from visit(self._world, member, plan)

    def _put(self, update: _Update) -> Steps:
        """Put an update into the buffer; whose update fills it lets the model step."""
        self._drop_lost()
        self._buffer.append(update)
        if len(self._buffer) < self._mode.buffer_size:
            return
        full, self._buffer = self._buffer, []
        sums = dict.fromkeys(one.sum for one in full)
        yield from exchange(self._world, sums, self._world.wire_bytes)
        yield from self._world.reveal(self._world.proxy)
        kept = [one for one in full if one.sum.is_kept]
        self._lose(len(full) - len(kept))
        if kept and not self._world.is_spent:
            self._step(kept)

    def _drop_lost(self) -> None:
        """Empty the part of the buffer that was in a replica that has broken down."""
        kept = [one for one in self._buffer if one.sum.is_kept]
        num_lost = len(self._buffer) - len(kept)
        self._buffer = kept
        self._lose(num_lost)

    def _lose(self, num_updates: int) -> None:
        """Count lost updates; put down an empty round when there are many, so that a run in which
        all is lost comes to its end.
        """
        self._num_lost += num_updates
        is_much = self._num_lost >= max(self._num_places, self._mode.buffer_size)
        if is_much and not self._world.is_spent:
            self._end_round([], [])

    def _step(self, updates: Sequence[_Update]) -> None:
        """Let the model step with the mean of what is left of a full buffer (algorithm 1 of the
        paper).
        """
        mode = self._mode
        works = [mode.work(self._world, one.member, one.start, one.num_steps) for one in updates]
        staleness = [self.model.version - one.start.version for one in updates]
        weights = [(1 + s) ** -mode.staleness_exponent / len(updates) for s in staleness]
        merged = self._world.learner.merge(self.model, works, weights, mode.server.outer())
        self.model = merged.model
        self._end_round([merged], works)

    def _end_round(self, merged: Sequence[Merged], works: Sequence[Work]) -> None:
        world = self._world
        num_lost, self._num_lost = self._num_lost, 0
        world.end_round(
            [self.model],
            merged=merged,
            num_participants=len({work.partner for work in works}),
            num_dropped=num_lost,
            num_samples=sum(work.num_steps for work in works) * world.workload.batch_size,
            evaluates=None,
        )
        if world.is_spent:
            self.landed.succeed()
