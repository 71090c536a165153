"""Owns one transfer: its bytes still to be served, its present rate, and the event of its arrival.

`sim.network` decides on rates; a transfer that a shared link limits is followed by that link's
service clock (`sim.fair_share`), any other by its own rate. Bytes, virtual seconds.
"""

import math
from collections.abc import Callable

import simpy

from sim.fair_share import Link, Share
from sim.route import Route

Callback = Callable[[simpy.Event], None]


class Transfer(simpy.Event):
    """A transfer under way, and the event of its arrival."""

    # What most transfers never change is kept in the class: there may be millions of them.
    lone_cap = math.inf
    ticket = -1
    _limiter: Share | None = None
    _bytes_per_s = 0.0

    def __init__(self, env: simpy.Environment, num_bytes: float, route: Route) -> None:
        self.env = env
        self.callbacks: list[Callback] = []
        self.num_bytes = num_bytes
        self.route = route
        self.shares: dict[Link, Share] = {}
        self._remaining_bytes = num_bytes
        self._since_sim_s = env.now

    @property
    def bytes_per_s(self) -> float:
        """The present rate."""
        return self._limiter.link.level if self._limiter else self._bytes_per_s

    def remaining_bytes(self, now_sim_s: float) -> float:
        """Return what is still to be served."""
        if self._limiter:
            self._limiter.link.serve_until(now_sim_s)
            return max(0.0, self._limiter.finish_bytes - self._limiter.link.served_bytes)
        if now_sim_s == self._since_sim_s:
            return self._remaining_bytes
        return max(0.0, self._remaining_bytes - self._bytes_per_s * (now_sim_s - self._since_sim_s))

    @property
    def is_under_way(self) -> bool:
        """Whether bytes of it are still to be served."""
        return any(self in link.flows for link in self.route.weights)

    def forget(self) -> None:
        """Make void what has been planned for it."""
        self.ticket = -1
        self._leave_limiter()

    def follow(self, now_sim_s: float) -> float:
        """Take the present shares' rate; return when it ends, or infinity where a link's service
        clock tells.
        """
        lowest, cap = None, self.lone_cap
        for share in self.shares.values():
            cap = min(cap, share.cap)
            if lowest is None or share.link.level < lowest.link.level:
                lowest = share
        if lowest and lowest.is_free:
            if self._limiter is not lowest or lowest.tracked < 0:
                remaining_bytes = self.remaining_bytes(now_sim_s)
                self._leave_limiter()
                lowest.link.track(lowest, remaining_bytes)
                self._limiter = lowest
            return math.inf
        self.run_alone(now_sim_s, cap)
        if self._bytes_per_s == 0:
            return math.inf
        return now_sim_s + self._remaining_bytes / self._bytes_per_s

    def start_alone(self, bytes_per_s: float) -> None:
        """Begin at a rate that no shared link sets."""
        self.lone_cap = self._bytes_per_s = bytes_per_s

    def run_alone(self, now_sim_s: float, bytes_per_s: float) -> None:
        """Go on at a rate that no shared link sets."""
        self._remaining_bytes = self.remaining_bytes(now_sim_s)
        self._since_sim_s = now_sim_s
        self._leave_limiter()
        self._bytes_per_s = bytes_per_s

    def _leave_limiter(self) -> None:
        if self._limiter:
            self._limiter.tracked = -1
            self._limiter = None

    def arrive(self, delay_sim_s: float, is_whole: bool = True) -> None:
        """Trigger the event after the time on the way, as simpy.Timeout does."""
        # A share knows its transfer; without the cycle, memory is freed at once.
        self._limiter = None
        self._ok = True
        self._value = is_whole
        self.env.schedule(self, delay=delay_sim_s)


class Departure(simpy.Event):
    """The end of a transfer that nothing has disturbed until then."""

    _ok = True
    _value = None

    def __init__(self, transfer: Transfer, ticket: int, callbacks: list[Callback]) -> None:
        self.env = transfer.env
        self.callbacks = callbacks
        self.transfer = transfer
        self.ticket = ticket
