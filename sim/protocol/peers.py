"""Owns rounds that every partner goes through at its own pace, waiting for its neighbours only.

In a round a partner trains, sends its model to its neighbours, and goes on when theirs have
arrived. So partners drift apart, by no more rounds than there are hops between them. A round is
over when nobody who is there is in it any more.

Who is in a round must be the same for both ends of an edge. A partner that breaks down is out of
its round, and whoever waits for what it has not sent stops waiting. On its return it begins a round
that nobody has begun yet, so that no one has counted it out of that one.
"""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING

import simpy

from sim.partner import Member
from sim.presence import Steps
from sim.protocol.mixing import Graph, graph_of

if TYPE_CHECKING:
    from sim.world import World

Ends = tuple[int, int]
"""A message's sender and receiver."""

MAX_GRAPHS = 256
"""Graphs that are kept; more than the rounds that partners are apart."""


@dataclass(frozen=True, kw_only=True)
class PeerRound:
    """Hold what came of a round: who trained, whose work was lost, and between whom the models
    went both ways.
    """

    trained: tuple[int, ...]
    num_lost: int
    graph: Graph


class Peers:
    """Let all partners train and exchange, round after round, as far as is planned."""

    def __init__(
        self, world: "World", *, graph_in: Callable[[int], Graph], local_steps: int
    ) -> None:
        """`graph_in` returns who are neighbours in a round."""
        self._world = world
        self._graph_in = lru_cache(MAX_GRAPHS)(graph_in)
        self._local_steps = local_steps
        self._rounds = {member.index: 1 for member in world.up(world.members)}
        self._latest = 1
        self._last = 1
        self._num_in = Counter(self._rounds.values())
        self._arrivals: defaultdict[int, dict[Ends, simpy.Event]] = defaultdict(dict)
        self._sent: defaultdict[int, set[Ends]] = defaultdict(set)
        self._trained: defaultdict[int, set[int]] = defaultdict(set)
        self._lost: defaultdict[int, set[int]] = defaultdict(set)
        self._moved = world.env.event()
        for member in world.members:
            world.env.process(self._live(member))

    def plan_until(self, round_: int) -> None:
        """Let nobody begin a later round for now."""
        self._last = round_
        self._tell()

    def finish(self, round_: int) -> Steps:
        """Wait until a round is over, and return what came of it; rounds in their order."""
        while self._num_in[round_] or not self._rounds:
            yield self._moved
        num_partners = len(self._world.members)
        come = {ends for ends, one in self._arrivals.pop(round_, {}).items() if _has_come(one)}
        self._sent.pop(round_, None)
        return PeerRound(
            trained=tuple(sorted(self._trained.pop(round_, ()))),
            num_lost=len(self._lost.pop(round_, ())),
            graph=graph_of(num_partners, [(one, two) for one, two in come if (two, one) in come]),
        )

    def _live(self, member: Member) -> Steps:
        """Go from round to round, and come back after every absence."""
        world, index = self._world, member.index
        while True:
            while index in self._rounds:
                done = yield world.attempt([member], self._take_part(member, self._rounds[index]))
                if done and member.is_up:
                    self._enter(index, self._rounds[index] + 1)
                else:
                    self._depart(index)
            yield from world.until_up([member])
            self._enter(index, self._latest + 1)

    def _take_part(self, member: Member, round_: int) -> Steps:
        env, index = self._world.env, member.index
        while round_ > self._last:
            yield self._moved
        yield member.compute(self._local_steps)
        self._trained[round_].add(index)
        neighbours = [one for one in self._graph_in(round_)[index] if self._comes(one, round_)]
        if not neighbours:
            return
        num_bytes = self._world.workload.update_bytes
        sends = [self._send(member, one, round_) for one in neighbours]
        arrivals = [self._arrival(round_, (one, index)) for one in neighbours]
        yield member.traced("transfer", env.all_of(sends), num_bytes * len(sends))
        yield env.all_of(arrivals)

    def _comes(self, index: int, round_: int) -> bool:
        """Whether a partner is in a round, or will be."""
        return index in self._rounds and self._rounds[index] <= round_

    def _send(self, member: Member, receiver: int, round_: int) -> simpy.Event:
        """Send a model; a lost one arrives too, with False."""
        ends = (member.index, receiver)
        self._sent[round_].add(ends)
        arrival = self._arrival(round_, ends)
        transfer = self._world.transfer(
            member, self._world.members[receiver], self._world.workload.update_bytes
        )
        assert transfer.callbacks is not None
        transfer.callbacks.append(partial(_pass_on, arrival))
        return transfer

    def _arrival(self, round_: int, ends: Ends) -> simpy.Event:
        arrivals = self._arrivals[round_]
        if ends not in arrivals:
            arrivals[ends] = self._world.env.event()
        return arrivals[ends]

    def _enter(self, index: int, round_: int) -> None:
        self._leave(index)
        self._rounds[index] = round_
        self._num_in[round_] += 1
        self._latest = max(self._latest, round_)

    def _leave(self, index: int) -> None:
        if index in self._rounds:
            self._num_in[self._rounds.pop(index)] -= 1
        self._tell()

    def _tell(self) -> None:
        moved, self._moved = self._moved, self._world.env.event()
        moved.succeed()

    def _depart(self, index: int) -> None:
        """Be in no round any more: what is on its way here is lost, and nobody waits for what has
        not been sent.
        """
        for transfer in list(self._world.members[index].downlink.flows):
            self._world.network.cancel(transfer)
        round_ = self._rounds[index]
        if index not in self._trained[round_]:
            self._lost[round_].add(index)
        self._leave(index)
        for later, arrivals in self._arrivals.items():
            for ends, arrival in arrivals.items():
                if ends[0] == index and ends not in self._sent[later]:
                    self._sent[later].add(ends)
                    arrival.succeed(False)


def _pass_on(arrival: simpy.Event, transfer: simpy.Event) -> None:
    arrival.succeed(transfer.value)


def _has_come(arrival: simpy.Event) -> bool:
    return arrival.triggered and bool(arrival.value)
