"""Owns who takes part in a synchronous partner mode, and who has the newest model.

Whoever has been away gets the model from a partner that has it before taking part again, as elastic
training does (Horovod Elastic). A step that loses a member is lost for all, and done again by those
who are left.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sim.collective.algorithms import allreduce
from sim.partner import Member
from sim.presence import Steps

if TYPE_CHECKING:
    from sim.world import World


class Crew:
    """Keep track of the partners that train together."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._current = {member.index for member in world.members}

    def check(self, algorithm: str) -> None:
        """Raise ValueError where all members together can't run a collective with `algorithm`."""
        members = self._world.members
        allreduce(algorithm, len(members), 1.0, self.sites(members))

    def assemble(self) -> Steps:
        """Wait for someone with the newest model, bring the others up to date; return all who are
        there.
        """
        world = self._world
        while True:
            holders = [member for member in world.members if member.index in self._current]
            yield from world.until_up(holders)
            source = world.up(holders)[0]
            late = [one for one in world.up(world.members) if one.index not in self._current]
            if not late:
                return world.up(world.members)
            attempts = [world.attempt((source, one), self._catch_up(source, one)) for one in late]
            yield world.env.all_of(attempts)

    def advance(self, members: Sequence[Member]) -> None:
        """Note that `members`, and nobody else, have the newest model."""
        self._current = {member.index for member in members}

    def sites(self, members: Sequence[Member]) -> tuple[tuple[int, ...], ...]:
        """Return the sites of those who are there, in their positions among `members`."""
        position = {member.index: number for number, member in enumerate(members)}
        sites = (
            tuple(position[one] for one in site if one in position) for site in self._world.sites
        )
        return tuple(site for site in sites if site)

    def _catch_up(self, source: Member, member: Member) -> Steps:
        num_bytes = self._world.workload.update_bytes
        transfer = self._world.transfer(source, member, num_bytes)
        arrived = yield member.traced("transfer", transfer, num_bytes)
        if arrived:
            self._current.add(member.index)
