"""Owns what nobody in a run could know: how long each partner will take, and until when it is up.

In: a world. Out: arrays with an element for each partner asked for; virtual seconds. What is to
come is found by drawing it a second time, from copies of the run's own streams, so that the run
goes on as if nobody had looked.

Known are the steps' draws at the present pace, the coming phases of `availability`, and the lines
as they are. Not known are faults (when one strikes, or a straggler is well again), lines that will
change, their jitter, who will share them, and queues at the proxy.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sim.surroundings import phases_of
from sim.view import Floats, View, Whole

if TYPE_CHECKING:
    from sim.world import World


class Foresight:
    """Look ahead in one world, whose time goes forward only."""

    def __init__(self, world: "World") -> None:
        num_partners = len(world.setting.consortium.partners)
        self._world = world
        self._phases = [phases_of(world.setting, number) for number in range(num_partners)]
        self._is_up = np.zeros(num_partners, dtype=np.bool_)
        self._until_sim_s = np.zeros(num_partners)  # the end of each partner's present phase
        self._sending_sim_s: Floats = np.zeros(num_partners)
        self._sent_with: tuple[float, ...] = ()

    def up_until_sim_s(self, now_sim_s: float) -> Floats:
        """Return until when each partner is up, infinity for ever; now for those that are not."""
        for number in np.flatnonzero(self._until_sim_s <= now_sim_s).tolist():
            self._pass(number, now_sim_s)
        return np.where(self._is_up, self._until_sim_s, now_sim_s)

    def took_sim_s(self, view: View, partners: Whole) -> Floats:
        """Return how long partners will take from fetching the model to having sent their update
        if each has its lines alone; infinitely long over a line that is cut.
        """
        num_steps = view.num_steps[partners].tolist()
        members = [self._world.members[number] for number in partners.tolist()]
        computing_sim_s = [
            member.foreseen_sim_s(steps) for member, steps in zip(members, num_steps, strict=True)
        ]
        return np.array(computing_sim_s) + self._others_sim_s(view)[partners]

    def _pass(self, number: int, now_sim_s: float) -> None:
        """Go on to the phase in which a partner is now."""
        until_sim_s = float(self._until_sim_s[number])
        while until_sim_s <= now_sim_s:
            is_up, seconds = next(self._phases[number])
            until_sim_s += seconds
            self._is_up[number] = is_up
        self._until_sim_s[number] = until_sim_s

    def _others_sim_s(self, view: View) -> Floats:
        """Return what each partner's messages and protection take; lines are looked at anew only
        where one has changed.
        """
        sent_with = (view.down_bytes, view.up_bytes, self._world.network.num_changes)
        if self._sent_with != sent_with:
            self._sent_with = sent_with
            self._sending_sim_s = np.array(self._exchanges_sim_s(view))
        return self._sending_sim_s

    def _exchanges_sim_s(self, view: View) -> Sequence[float]:
        world, traffic = self._world, self._world.traffic
        num_round_trips = world.setting.protection.num_round_trips
        took_sim_s = []
        for member in world.members:
            server = world.proxy_of(member)
            took_sim_s.append(
                traffic.alone_sim_s(server, member, view.down_bytes)
                + traffic.alone_sim_s(member, server, view.up_bytes)
                + num_round_trips * traffic.round_trip_sim_s(server, member)
                + world.protect_sim_s(member)
            )
        return took_sim_s
