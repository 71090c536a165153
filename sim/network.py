"""Owns transfers: bytes that cross a route of links which they share max-min fairly with all others.

A transfer starts when it is asked for and ends when its last byte has been served and has travelled the route's latency. A
link that carries one transfer is a constant cap on it; only links that carry several (*shared* links) take part in the sharing.
After an arrival or a departure the touched links find their new levels (`sim.fair_share`); a changed level goes on only to
transfers that cross another shared link. The lowest bottleneck is right after one visit and stays so, then the next one: the visits end
(the argument of Bertsekas & Gallager, Data Networks, 6.5.2). What happens at one instant is shared out once.

Units: bytes, bytes per second, virtual seconds.
"""

import heapq
import math
from collections.abc import Sequence
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
        return max(0.0, self._remaining_bytes - self._bytes_per_s * (now_sim_s - self._since_sim_s))

    def follow(self, now_sim_s: float) -> float:
        """Take the present shares' rate; return when it ends, or infinity where a link's service clock tells."""
        lowest = min(self.shares.values(), key=lambda share: share.link.level, default=None)
        if lowest and lowest.is_free:
            if self._limiter is not lowest or lowest.tracked_entry != lowest.entry:
                remaining_bytes = self.remaining_bytes(now_sim_s)
                lowest.link.track(lowest, remaining_bytes)
                self._limiter = lowest
            return math.inf
        self._remaining_bytes = self.remaining_bytes(now_sim_s)
        self._since_sim_s = now_sim_s
        self._limiter = None
        self._bytes_per_s = min(self.lone_cap, lowest.link.level) if lowest else self.lone_cap
        return now_sim_s + self._remaining_bytes / self._bytes_per_s

    def arrive(self) -> None:
        """Trigger the event after the route's latency, the way simpy.Timeout does."""
        self._ok = True
        self._value = None
        self.env.schedule(self, delay=sum(link.latency_sim_s for link in self.route))


class Network:
    """Carry transfers in the virtual time of one simulation."""

    def __init__(self, env: simpy.Environment) -> None:
        self._env = env
        self._arrivals: list[Transfer] = []
        self._touched: dict[Link, None] = {}
        self._changed: dict[Transfer, None] = {}
        self._settling = False
        self._agenda: list[tuple[float, int, Link | Transfer]] = []
        self._tickets = count()
        self._timer_sim_s = math.inf

    def transfer(self, num_bytes: float, route: Sequence[Link]) -> Transfer:
        """Send `num_bytes` over `route`; the event comes when the last byte has arrived.

        A transfer of no bytes still takes the latency. Raises ValueError for an empty route or a negative size.
        """
        if not route or num_bytes < 0:
            raise ValueError(f"a transfer needs a route and at least 0 bytes, got {len(route)} links, {num_bytes} bytes")
        transfer = Transfer(self._env, num_bytes, route)
        if num_bytes == 0:
            transfer.arrive()
        else:
            self._arrivals.append(transfer)
            self._settle_soon()
        return transfer

    def _settle_soon(self) -> None:
        if not self._settling:
            self._settling = True
            self._env.timeout(0).callbacks.append(self._settle)

    def _settle(self, _event: simpy.Event) -> None:
        """Share out anew after all that arrived or ended at this instant."""
        self._settling = False
        arrivals, self._arrivals = self._arrivals, []
        for transfer in arrivals:
            self._join(transfer)
        visited = self._share_out()
        changed, self._changed = self._changed, {}
        for transfer in changed:
            self._note(transfer, transfer.follow(self._env.now))
        for link in visited:
            self._note(link, link.next_finish_sim_s())
        self._set_timer()

    def _join(self, transfer: Transfer) -> None:
        for link in transfer.route:
            link.flows[transfer] = None
            if len(link.flows) == 2:
                first = next(iter(link.flows))
                first.shares[link] = Share(link, first)
                self._route_changed(first)
            if len(link.flows) >= 2:
                transfer.shares[link] = Share(link, transfer)
        self._route_changed(transfer)

    def _leave(self, transfer: Transfer) -> None:
        for link in transfer.route:
            link.carried_bytes += transfer.num_bytes
            del link.flows[transfer]
            if link in transfer.shares:
                self._unshare(transfer, link)
            if len(link.flows) == 1:
                last = next(iter(link.flows))
                self._unshare(last, link)
                link.level = math.inf
                self._route_changed(last)

    def _unshare(self, transfer: Transfer, link: Link) -> None:
        share = transfer.shares.pop(link)
        link.serve_until(self._env.now)
        link.discard(share)
        link.entangled.pop(share, None)
        self._touched[link] = None

    def _route_changed(self, transfer: Transfer) -> None:
        """Tell the shared links on the route what the rest of it lets through now."""
        lone = (link.bytes_per_s for link in transfer.route if link not in transfer.shares)
        transfer.lone_cap = min(lone, default=math.inf)
        is_entangled = len(transfer.shares) > 1
        for link, share in transfer.shares.items():
            if is_entangled:
                link.entangled[share] = None
            else:
                link.entangled.pop(share, None)
            self._recap(share)
            self._touched[link] = None
        self._changed[transfer] = None

    def _recap(self, share: Share) -> None:
        link, transfer = share.link, share.flow
        # A cap above the link's own bandwidth says no more than that bandwidth, and keeps sums finite.
        cap = min(transfer.lone_cap, link.bytes_per_s)
        if len(transfer.shares) > 1:
            cap = min(cap, *(other.level for other in transfer.shares if other is not link))
        if abs(cap - share.cap) > TOLERANCE * cap:
            link.serve_until(self._env.now)
            link.put(share, cap)
            self._touched[link] = None
            self._changed[transfer] = None

    def _share_out(self) -> dict[Link, None]:
        """Visit the touched links until no level changes; return the visited ones."""
        visited: dict[Link, None] = {}
        while self._touched:
            link = next(iter(self._touched))
            del self._touched[link]
            visited[link] = None
            old_level = link.level
            link.serve_until(self._env.now)
            self._changed.update((share.flow, None) for share in link.relevel())
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
            heapq.heappush(self._agenda, (time_sim_s, item.ticket, item))

    def _set_timer(self) -> None:
        while self._agenda and self._agenda[0][2].ticket != self._agenda[0][1]:
            heapq.heappop(self._agenda)
        if self._agenda and self._agenda[0][0] < self._timer_sim_s:
            self._timer_sim_s = self._agenda[0][0]
            self._env.timeout(max(0.0, self._timer_sim_s - self._env.now)).callbacks.append(self._look)

    def _look(self, _event: simpy.Event) -> None:
        """End what is due now; a timer that an earlier one has overtaken finds nothing due."""
        now_sim_s = self._env.now
        self._timer_sim_s = math.inf
        while self._agenda and self._agenda[0][0] <= now_sim_s:
            _, ticket, item = heapq.heappop(self._agenda)
            if item.ticket != ticket:
                continue
            if isinstance(item, Link):
                item.serve_until(now_sim_s)
                for share in item.pop_finished(now_sim_s):
                    self._end(share.flow)
                self._touched[item] = None
            else:
                self._end(item)
            self._settle_soon()
        self._set_timer()

    def _end(self, transfer: Transfer) -> None:
        transfer.ticket = -1
        self._leave(transfer)
        self._changed.pop(transfer, None)
        transfer.arrive()
