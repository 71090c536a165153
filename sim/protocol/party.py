"""Owns parties: partners who exchange model and update directly with one of them, their head, which
alone goes to the proxy.

The head fetches the model and passes it on to its followers side by side, over lines of theirs, and
trains meanwhile. When it has its own update and those of all followers who are still there, it adds
them up, as fast as a worker of the proxy does times its own speed, and sends the sum, which the
proxy merges as one update. Where updates are compressed so that all of them weigh less than a sum,
which is not compressed, it passes them on as they are. It sees the updates of its followers, and
adds them up as they are: where privacy or a rule of merging needs every update at the proxy,
nobody may be passed by (`Protection.needs_proxy`).

Faults: a follower that breaks down before its update is at the head is not in the sum. A head that
breaks down takes its whole party with it; so does the proxy.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import simpy

from sim.decision import Decision
from sim.partner import Member
from sim.presence import Steps
from sim.protocol.visit import Visit, deliver, fetch, steps_in_time, visit

if TYPE_CHECKING:
    from sim.world import World


class Told(NamedTuple):
    """What a head tells the proxy of a member: steps, and seconds of computing and of messages,
    which the head itself has none of.
    """

    member: Member
    num_steps: int
    compute_sim_s: float
    down_sim_s: float
    up_sim_s: float


class Party:
    """Go through one round; a party of a head alone is a plain visit to the proxy."""

    def __init__(self, world: "World", head: Member, followers: Sequence[Member]) -> None:
        self.head = head
        self._followers = followers
        self._world = world
        self._has_model = world.env.event()
        self._arrived = {one.index: world.env.event() for one in followers}
        self._told: list[Told] = []

    @property
    def members(self) -> list[Member]:
        """Those whose updates the head sends: its own, and those that have arrived."""
        if not self._followers:  # as most parties
            return [self.head]
        arrived = (one for one in self._followers if self._has_arrived(one))
        return [self.head, *arrived]

    def size(self) -> int:
        """Return how many updates the head sends."""
        return len(self.members)

    def set_out(
        self, plan_of: Callable[[Member], Visit], num_steps: dict[int, int]
    ) -> list[simpy.Process]:
        """Begin, and return the attempts of all, the head's first: the party is done when that is.
        What each takes of its steps is put into `num_steps`.
        """
        world, plan = self._world, plan_of(self.head)
        steps = self._lead(plan) if self._followers else visit(world, self.head, plan)
        leading = world.attempt((self.head, plan.server), _noted(self.head, steps, num_steps))
        return [
            leading,
            *(self._let_follow(one, plan_of(one), num_steps) for one in self._followers),
        ]

    def _let_follow(self, member: Member, plan: Visit, num_steps: dict[int, int]) -> simpy.Process:
        steps = _noted(member, self._follow(member, plan), num_steps)
        attempt = self._world.attempt((member, self.head, plan.server), steps)
        assert attempt.callbacks is not None
        attempt.callbacks.append(partial(self._end_waiting, member))
        return attempt

    def _lead(self, plan: Visit) -> Steps:
        world, head = self._world, self.head
        yield from fetch(world, head, plan)
        self._has_model.succeed()
        num_steps = steps_in_time(world, head, plan, partial(self._hand_over_sim_s, plan))
        start_sim_s = world.env.now
        yield head.compute(num_steps)
        self._told.append(Told(head, num_steps, world.env.now - start_sim_s, 0.0, 0.0))
        yield from world.protect(head, None)
        yield world.env.all_of(self._arrived.values())
        yield from self._hand_over(plan)
        self._tell(plan)
        return num_steps

    def _hand_over(self, plan: Visit) -> Steps:
        """Send what the party has, added up unless it weighs less as it is."""
        num_updates = len(self.members)
        if plan.down_bytes < num_updates * plan.up_bytes:
            added = self._world.env.timeout(self._adding_sim_s(num_updates, plan))
            yield self.head.traced("merge", added, 0.0)
        num_bytes = _sent_bytes(num_updates, plan)
        yield from deliver(self._world, self.head, plan.server, num_bytes)

    def _follow(self, member: Member, plan: Visit) -> Steps:
        world, env = self._world, self._world.env
        yield self._has_model
        times = [env.now]
        model = world.transfer(self.head, member, plan.down_bytes)
        yield member.traced("transfer", model, plan.down_bytes)
        times.append(env.now)
        num_steps = steps_in_time(world, member, plan, partial(self._after_sim_s, member, plan))
        yield member.compute(num_steps)
        times.append(env.now)
        yield from world.protect(member, None)
        start_sim_s = env.now
        yield world.send_direct(member, self.head, plan.up_bytes)
        self._arrived[member.index].succeed(True)
        down_sim_s, compute_sim_s = times[1] - times[0], times[2] - times[1]
        up_sim_s = env.now - start_sim_s
        self._told.append(Told(member, num_steps, compute_sim_s, down_sim_s, up_sim_s))
        return num_steps

    def _after_sim_s(self, member: Member, plan: Visit) -> float:
        """Return how long it is from a follower's update to the proxy, among nothing else."""
        sending_sim_s = self._world.traffic.alone_sim_s(member, self.head, plan.up_bytes)
        return sending_sim_s + self._hand_over_sim_s(plan)

    def _hand_over_sim_s(self, plan: Visit) -> float:
        """Return how long the head is at adding up and sending, among nothing else."""
        num_updates = 1 + len(self._followers)
        num_bytes = _sent_bytes(num_updates, plan)
        sending_sim_s = self._world.traffic.alone_sim_s(self.head, plan.server, num_bytes)
        return self._adding_sim_s(num_updates, plan) + sending_sim_s

    def _adding_sim_s(self, num_updates: int, plan: Visit) -> float:
        """Return how long the head is at adding the others' updates to its own."""
        bytes_per_s = self._world.setting.consortium.proxy.merge_bytes_per_s * self.head.speed
        return (num_updates - 1) * plan.up_bytes / bytes_per_s * self.head.slowdown

    def _tell(self, plan: Visit) -> None:
        """Let the proxy know what came with the sum."""
        monitor = self._world.monitor
        for one in self._told:
            partner = one.member.index
            monitor.saw_computing(partner, one.num_steps, one.compute_sim_s)
            if one.member is not self.head:
                monitor.saw_direct_download(partner, plan.down_bytes, one.down_sim_s)
                monitor.saw_direct_upload(partner, plan.up_bytes, one.up_sim_s)

    def _has_arrived(self, member: Member) -> bool:
        arrived = self._arrived[member.index]
        return arrived.triggered and bool(arrived.value)

    def _end_waiting(self, member: Member, _end: simpy.Event) -> None:
        """See to it that the head does not wait for who has broken down."""
        arrived = self._arrived[member.index]
        if not arrived.triggered:
            arrived.succeed(False)


def parties_of(world: "World", decision: Decision) -> list[Party]:
    """Return those who go to the proxy, in rising order, each with its followers."""
    followers = decision.parties
    return [
        Party(world, world.members[one], [world.members[two] for two in followers.get(one, ())])
        for one in decision.partners
        if one not in decision.direct
    ]


def _noted(member: Member, steps: Steps, num_steps: dict[int, int]) -> Steps:
    num_steps[member.index] = yield from steps


def _sent_bytes(num_updates: int, plan: Visit) -> float:
    """Return what updates weigh on their way to the proxy: a sum is as large as the model."""
    return plan.up_bytes if num_updates == 1 else min(plan.down_bytes, num_updates * plan.up_bytes)
