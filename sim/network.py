"""Owns transfers: bytes that cross a route of links which they share max-min fairly with all
others.

A transfer starts when it is asked for and ends when its last byte has been served and has travelled
the route's latency. A link that carries one transfer is a constant cap on it; only links that carry
several (*shared* links) take part in the sharing. After an arrival or a departure the touched links
find their new levels (`sim.fair_share`); a changed level goes on only to transfers that cross
another shared link. The lowest bottleneck is right after one visit and stays so, then the next one:
the visits end (the argument of Bertsekas & Gallager, Data Networks, 6.5.2). What happens at one
instant is shared out once.

Units: bytes, bytes per second, virtual seconds.
"""

import math
from collections.abc import Sequence
from heapq import heappop, heappush
from itertools import count

import simpy

from sim.fair_share import TOLERANCE, Link, Share


class Transfer(simpy.Event):
    """A transfer under way, and the event of its arrival."""

    def __init__(self, env: simpy.Environment, num_bytes: float, route: Sequence[Link]) -> None:
        super().__init__(env)
        self.num_bytes = num_bytes
        self.route = route
        self.shares: dict[Link, Share] = {}
        self.lone_cap = math.inf
        self.ticket = -1
        self._limiter: Share | None = None
        self._bytes_per_s = 0.0
        self._remaining_bytes = num_bytes
        self._since_sim_s = env.now

    @property
    def bytes_per_s(self) -> float:
        """The present rate."""
        return self._limiter.link.level if self._limiter else self._bytes_per_s

    def remaining_bytes(self, now_sim_s: float) -> float:
        """Return what is still to be served."""
        if self._limiter:
            return max(0.0, self._limiter.finish_bytes - self._limiter.link.served_bytes)
        if now_sim_s == self._since_sim_s:
            return self._remaining_bytes
        return max(0.0, self._remaining_bytes - self._bytes_per_s * (now_sim_s - self._since_sim_s))

    def follow(self, now_sim_s: float) -> float:
        """Take the present shares' rate; return when it ends, or infinity where a link's service
        clock tells.
        """
        lowest = None
        for share in self.shares.values():
            if lowest is None or share.link.level < lowest.link.level:
                lowest = share
        if lowest and lowest.is_free:
            if self._limiter is not lowest or lowest.tracked < 0:
                remaining_bytes = self.remaining_bytes(now_sim_s)
                self._leave_limiter()
                lowest.link.track(lowest, remaining_bytes)
                self._limiter = lowest
            return math.inf
        self._remaining_bytes = self.remaining_bytes(now_sim_s)
        self._since_sim_s = now_sim_s
        self._leave_limiter()
        self._bytes_per_s = min(self.lone_cap, lowest.link.level) if lowest else self.lone_cap
        return now_sim_s + self._remaining_bytes / self._bytes_per_s

    def _leave_limiter(self) -> None:
        if self._limiter:
            self._limiter.tracked = -1
            self._limiter = None

    def arrive(self) -> None:
        """Trigger the event after the route's latency, the way simpy.Timeout does."""
        self._limiter = (
            None  # a share knows its transfer; without the cycle, memory is freed at once
        )
        self._ok = True
        self._value = None
        latency_sim_s = 0.0
        for link in self.route:
            latency_sim_s += link.latency_sim_s
        self.env.schedule(self, delay=latency_sim_s)


class Network:
    """Carry transfers in the virtual time of one simulation."""

    def __init__(self, env: simpy.Environment) -> None:
        self._env = env
        self._touched: dict[Link, None] = {}
        self._changed: dict[Transfer, None] = {}
        self._agenda: list[tuple[float, int, Link | Transfer]] = []
        self._tickets = count()
        self._is_settling = False
        self._timer: simpy.Event | None = None
        self._timer_sim_s = math.inf

    def transfer(self, num_bytes: float, route: Sequence[Link]) -> Transfer:
        """Send `num_bytes` over `route`; the event comes when the last byte has arrived.

        A transfer of no bytes still takes the latency. Raises ValueError for an empty route or a
        negative size.
        """
        if not route or num_bytes < 0:
            raise ValueError(
                "a transfer needs a route and at least 0 bytes, "
                f"got {len(route)} links and {num_bytes} bytes"
            )
        transfer = Transfer(self._env, num_bytes, route)
        if num_bytes == 0:
            transfer.arrive()
        else:
            self._join(transfer)
            self._settle_soon()
        return transfer

    def _settle_soon(self) -> None:
        if not self._is_settling:
            self._is_settling = True
            self._env.timeout(0).callbacks.append(self._on_arrivals)

    def _on_arrivals(self, _event: simpy.Event) -> None:
        """Share out once what arrived at this instant."""
        self._is_settling = False
        self._settle(self._env.now)

    def _settle(self, now_sim_s: float) -> None:
        """Share out anew, and set the timer to what ends next."""
        visited = self._share_out(now_sim_s)
        changed, self._changed = self._changed, {}
        for transfer in changed:
            self._note(transfer, transfer.follow(now_sim_s))
        for link in visited:
            self._note(link, link.next_finish_sim_s())
        self._set_timer()

    def _join(self, transfer: Transfer) -> None:
        self._changed[transfer] = None
        for link in transfer.route:
            flows = link.flows
            flows[transfer] = None
            if len(flows) == 1:
                transfer.lone_cap = min(transfer.lone_cap, link.bytes_per_s)
                continue
            if len(flows) == 2:
                first = next(iter(flows))
                first.shares[link] = Share(link, first)
                self._route_changed(first)
            transfer.shares[link] = Share(link, transfer)
        self._recap_all(transfer)

    def _leave(self, transfer: Transfer, now_sim_s: float) -> None:
        for link in transfer.route:
            link.carried_bytes += transfer.num_bytes
            flows = link.flows
            del flows[transfer]
            if flows:
                self._unshare(transfer, link, now_sim_s)
                if len(flows) == 1:
                    last = next(iter(flows))
                    self._unshare(last, link, now_sim_s)
                    link.level = math.inf
                    self._route_changed(last)

    def _unshare(self, transfer: Transfer, link: Link, now_sim_s: float) -> None:
        share = transfer.shares.pop(link)
        link.serve_until(now_sim_s)
        link.discard(share)
        if link.entangled:
            link.entangled.pop(share, None)
        self._touched[link] = None

    def _route_changed(self, transfer: Transfer) -> None:
        """Find the lone cap anew after a link on the route has become shared, or lone."""
        self._changed[transfer] = None
        lone = (link.bytes_per_s for link in transfer.route if link not in transfer.shares)
        transfer.lone_cap = min(lone, default=math.inf)
        self._recap_all(transfer)

    def _recap_all(self, transfer: Transfer) -> None:
        """Tell the shared links on the route what the rest of it lets through now."""
        shares = transfer.shares
        for link, share in shares.items():
            if len(shares) > 1:
                link.entangled[share] = None
            elif link.entangled:
                link.entangled.pop(share, None)
            self._recap(share)

    def _recap(self, share: Share) -> None:
        link, transfer = share.link, share.flow
        # A cap above the link's own bandwidth says no more than that bandwidth, and keeps sums
        # finite.
        cap = min(transfer.lone_cap, link.bytes_per_s)
        if len(transfer.shares) > 1:
            cap = min(cap, *(other.level for other in transfer.shares if other is not link))
        if abs(cap - share.cap) > TOLERANCE * cap:
            link.serve_until(self._env.now)
            link.put(share, cap)
            self._touched[link] = None
            self._changed[transfer] = None

    def _share_out(self, now_sim_s: float) -> dict[Link, None]:
        """Visit the touched links until no level changes; return the visited ones."""
        visited: dict[Link, None] = {}
        while self._touched:
            link, _ = self._touched.popitem()
            visited[link] = None
            old_level = link.level
            link.serve_until(now_sim_s)
            for share in link.relevel():
                self._changed[share.flow] = None
            if link.entangled and not math.isclose(link.level, old_level, rel_tol=TOLERANCE):
                self._pass_on(link)
        return visited

    def _pass_on(self, link: Link) -> None:
        for share in link.entangled:
            self._changed[share.flow] = None
            for other in share.flow.shares.values():
                if other is not share:
                    self._recap(other)

    def _note(self, item: Link | Transfer, time_sim_s: float) -> None:
        """Put down when to look at a link or a transfer; what was put down before is void."""
        item.ticket = next(self._tickets)
        if time_sim_s < math.inf:
            heappush(self._agenda, (time_sim_s, item.ticket, item))

    def _set_timer(self) -> None:
        """See to it that a timer comes no later than what is next on the agenda; one that comes
        early does no harm.
        """
        agenda = self._agenda
        while agenda and agenda[0][2].ticket != agenda[0][1]:
            heappop(agenda)
        if agenda and agenda[0][0] < self._timer_sim_s:
            self._timer_sim_s = agenda[0][0]
            self._timer = self._env.timeout(max(0.0, self._timer_sim_s - self._env.now))
            self._timer.callbacks.append(self._look)

    def _look(self, timer: simpy.Event) -> None:
        """End what is due now."""
        if timer is not self._timer:  # an earlier one has overtaken it
            return
        now_sim_s = self._env.now
        self._timer_sim_s = math.inf
        due = False
        while self._agenda and self._agenda[0][0] <= now_sim_s:
            _, ticket, item = heappop(self._agenda)
            if item.ticket == ticket:
                due = True
                self._end_due(item, now_sim_s)
        if due:
            self._settle(now_sim_s)
        else:
            self._set_timer()

    def _end_due(self, item: Link | Transfer, now_sim_s: float) -> None:
        if isinstance(item, Transfer):
            self._end(item, now_sim_s)
            return
        item.serve_until(now_sim_s)
        self._touched[item] = None
        for share in item.pop_finished(now_sim_s):
            self._end(share.flow, now_sim_s)

    def _end(self, transfer: Transfer, now_sim_s: float) -> None:
        transfer.ticket = -1
        self._leave(transfer, now_sim_s)
        self._changed.pop(transfer, None)
        transfer.arrive()
