"""Owns transfers: bytes that cross a route of links which they share max-min fairly with all
others.

A transfer starts when it is asked for and ends when its last byte has been served and has travelled
the route's latency. A link that carries one transfer is a constant cap on it; only links that carry
several (*shared* links) take part in the sharing. After an arrival or a departure the touched links
find their new levels (`sim.fair_share`); a changed level goes on only to transfers that cross
another shared link. The lowest bottleneck is right after one visit and stays so, then the next one:
the visits end (the argument of Bertsekas & Gallager, Data Networks, 6.5.2). What happens at one
instant is shared out once. A transfer that meets nobody on its way costs two events and no sharing.

Units: bytes, bytes per second, virtual seconds.
"""

import math
from collections.abc import Iterable
from heapq import heappop, heappush
from itertools import count

import numpy as np
import simpy

from sim.fair_share import TOLERANCE, Link, Share
from sim.route import Route
from sim.transfer import Callback, Departure, Transfer


class Network:
    """Carry transfers in the virtual time of one simulation."""

    def __init__(self, env: simpy.Environment, jitter_rng: np.random.Generator) -> None:
        self.sent_bytes = 0.0
        self.num_changes = 0  # of links' bandwidths
        self._env = env
        self._jitter_rng = jitter_rng
        self._touched: dict[Link, None] = {}
        self._changed: dict[Transfer, None] = {}
        self._agenda: list[tuple[float, int, Link | Transfer]] = []
        self._tickets = count()
        self._is_settling = False
        self._timer: simpy.Event | None = None
        self._timer_sim_s = math.inf
        self._on_departure: list[Callback] = [self._depart]

    def transfer(self, num_bytes: float, route: Route) -> Transfer:
        """Send `num_bytes` over `route`; the event comes when the last byte has arrived.

        Its value is True, or False when the transfer was cancelled. A transfer of no bytes still
        takes the latency. Raises ValueError for a negative size.
        """
        if num_bytes < 0:
            raise ValueError(f"a transfer needs at least 0 bytes, got {num_bytes}")
        transfer = Transfer(self._env, num_bytes, route)
        self.sent_bytes += num_bytes * route.num_messages
        if num_bytes == 0:
            transfer.arrive(route.delay_sim_s(self._jitter_rng))
        elif not self._start_alone(transfer):
            self._join(transfer)
            self._settle_soon()
        return transfer

    def cancel(self, transfer: Transfer) -> None:
        """Stop a transfer; what has been served stays served, and its event comes now, with False.

        A transfer whose last byte has left can't be stopped any more, and is left alone.
        """
        if not transfer.is_under_way:
            return
        now_sim_s = self._env.now
        left_bytes = transfer.remaining_bytes(now_sim_s)
        self.sent_bytes -= left_bytes * transfer.route.num_messages
        self._leave(transfer, now_sim_s, transfer.num_bytes - left_bytes)
        self._changed.pop(transfer, None)
        transfer.forget()
        transfer.arrive(0.0, is_whole=False)
        self._settle_soon()

    def clear(self, links: Iterable[Link]) -> None:
        """Cancel all transfers that cross any of the links."""
        for link in links:
            for transfer in list(link.flows):
                self.cancel(transfer)

    def set_bandwidth(self, link: Link, bytes_per_s: float) -> None:
        """Change a link from now on; 0 cuts it, and transfers stand still until that changes."""
        if bytes_per_s == link.bytes_per_s:
            return
        self.num_changes += 1
        link.serve_until(self._env.now)
        link.bytes_per_s = bytes_per_s
        for transfer in link.flows:
            self._route_changed(transfer)
        if len(link.flows) > 1:
            self._touched[link] = None
        if link.flows:
            self._settle_soon()

    def _start_alone(self, transfer: Transfer) -> bool:
        """Start a transfer that is alone on all of its links, as most are; return whether it is."""
        crossings = transfer.route.crossings
        bytes_per_s = transfer.route.flow_bytes_per_s
        for link, weight in crossings:
            if link.flows or link.bytes_per_s == 0:
                return False
            if link.bytes_per_s < bytes_per_s * weight:
                bytes_per_s = link.bytes_per_s / weight
        for link, _ in crossings:
            link.flows[transfer] = None
        transfer.start_alone(bytes_per_s)
        transfer.ticket = ticket = next(self._tickets)
        departure = Departure(transfer, ticket, self._on_departure)
        self._env.schedule(departure, delay=transfer.num_bytes / bytes_per_s)
        return True

    def _depart(self, departure: simpy.Event) -> None:
        assert isinstance(departure, Departure)
        transfer = departure.transfer
        if transfer.ticket != departure.ticket:  # somebody came into its way
            return
        num_bytes, route = transfer.num_bytes, transfer.route
        for link, weight in route.crossings:
            link.carried_bytes += weight * num_bytes
            del link.flows[transfer]
        transfer.ticket = -1
        transfer.arrive(route.delay_sim_s(self._jitter_rng))

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
        transfer.lone_cap = transfer.route.flow_bytes_per_s
        for link, weight in transfer.route.crossings:
            flows = link.flows
            flows[transfer] = None
            if len(flows) == 1:
                transfer.lone_cap = min(transfer.lone_cap, link.bytes_per_s / weight)
                continue
            if len(flows) == 2:
                first = next(iter(flows))
                first.shares[link] = Share(link, first, first.route.weights[link])
                self._route_changed(first)
            transfer.shares[link] = Share(link, transfer, weight)
        self._recap_all(transfer)

    def _leave(self, transfer: Transfer, now_sim_s: float, served_bytes: float) -> None:
        for link, weight in transfer.route.crossings:
            link.carried_bytes += weight * served_bytes
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
        """Find the lone cap anew after a link on the route has changed, become shared, or lone."""
        self._changed[transfer] = None
        transfer.ticket = -1  # until the sharing is done anew, nobody knows when it ends
        shares, route = transfer.shares, transfer.route
        lone = (link.bytes_per_s / weight for link, weight in route.crossings if link not in shares)
        transfer.lone_cap = min(lone, default=math.inf)
        transfer.lone_cap = min(transfer.lone_cap, route.flow_bytes_per_s)
        self._recap_all(transfer)

    def _recap_all(self, transfer: Transfer) -> None:
        """Tell the shared links on the route what the rest of it lets through now."""
        shares = transfer.shares
        is_entangled = len(shares) > 1
        lowest, next_lowest = _two_lowest(shares)
        for link, share in shares.items():
            if is_entangled:
                link.entangled[share] = None
            elif link.entangled:
                link.entangled.pop(share, None)
            self._recap(share, next_lowest if link.level == lowest else lowest, is_entangled)

    def _recap(self, share: Share, others_bytes_per_s: float, is_entangled: bool) -> None:
        link, transfer = share.link, share.flow
        # A cap above the link's own bandwidth says no more than that, and keeps sums finite. Twice
        # as much, so that the link finds out that it is the bottleneck even if others stand still.
        cap = min(transfer.lone_cap, 2 * link.bytes_per_s / share.weight)
        if is_entangled:
            cap = min(cap, others_bytes_per_s)
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
            self._recap_all(share.flow)

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
        self._leave(transfer, now_sim_s, transfer.num_bytes)
        self._changed.pop(transfer, None)
        transfer.arrive(transfer.route.delay_sim_s(self._jitter_rng))


def _two_lowest(shares: Iterable[Link]) -> tuple[float, float]:
    """Return the lowest level of the links, and the lowest of the others (the same in a tie)."""
    lowest = next_lowest = math.inf
    for link in shares:
        if link.level < next_lowest:
            if link.level < lowest:
                lowest, next_lowest = link.level, lowest
            else:
                next_lowest = link.level
    return lowest, next_lowest
