"""Owns a regional proxy and its partners: what they do between two visits to the root.

Bytes, virtual seconds.
"""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from sim.partner import Member
from sim.presence import Steps
from sim.protocol.insist import insist
from sim.protocol.local_training import LocalTraining
from sim.protocol.passage import pass_on
from sim.protocol.replicas import Sum, sum_at
from sim.protocol.visit import Visit, visit

if TYPE_CHECKING:
    from sim.world import World


class Region:
    """Hold the partners of a region, their proxy where the first of them is, and the replica of
    the root that serves it.
    """

    def __init__(self, world: "World", number: int, members: Sequence[Member]) -> None:
        self.members = members
        self.server = world.add_server(
            f"region-{number}", world.setting.consortium.proxy, like=members[0].name
        )
        self.root = world.proxies[number % len(world.proxies)]
        self._world = world

    def until_ready(self) -> Steps:
        """Wait until the proxy and a partner are up."""
        while not (self.server.is_up and self._world.up(self.members)):
            yield from self._world.until_up([self.server])
            yield from self._world.until_up(self.members)


class Tour:
    """One round of the root in one region: fetch the model, run regional rounds, report.

    `rounds` then has the partners that were merged in each, and `sum` what it is in at the root,
    None until it has arrived there. A regional proxy that breaks down ends its tour.
    """

    def __init__(self, world: "World", region: Region, members: Sequence[Member]) -> None:
        self.region = region
        self.rounds: list[list[Member]] = []
        self.sum: Sum | None = None
        self._world = world
        self._members = members

    @property
    def participants(self) -> list[Member]:
        """Those of whom anything is in the regional model, each once."""
        return list(dict.fromkeys(member for members in self.rounds for member in members))

    def run(self, num_rounds: int, local: LocalTraining) -> Steps:
        """Go there and back; whatever the root is needed for waits until it is up."""
        server, root = self.region.server, self.region.root
        num_bytes = self._world.workload.update_bytes
        fetch = partial(pass_on, self._world, root, server, num_bytes)
        yield from insist(self._world, [server, root], fetch)
        for _ in range(num_rounds):
            merged = yield from self._regional_round(local)
            if merged:
                self.rounds.append(merged)
        if self.rounds:
            yield from insist(self._world, [server, root], self._report)

    def _regional_round(self, local: LocalTraining) -> Steps:
        """Let the partners take part; return those whose updates have been merged."""
        world = self._world
        members = world.up(self._members)
        attempts = [
            world.attempt((member, self.region.server), self._take_part(member, local))
            for member in members
        ]
        yield world.env.all_of(attempts)
        return [member for member, one in zip(members, attempts, strict=True) if one.value]

    def _take_part(self, member: Member, local: LocalTraining) -> Steps:
        plan = Visit(
            server=self.region.server,
            num_steps=local.num_steps(self._world.workload, member.index),
            down_bytes=self._world.workload.update_bytes,
            up_bytes=self._world.wire_bytes,
        )
        yield from visit(self._world, member, plan)

    def _report(self) -> Steps:
        server, root = self.region.server, self.region.root
        num_bytes = self._world.wire_bytes
        yield from pass_on(self._world, server, root, num_bytes)
        yield root.merge(num_bytes).end
        self.sum = sum_at(root)
