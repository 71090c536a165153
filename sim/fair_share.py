"""Owns one link's share of the max-min fair allocation, and the clock of what it has served.

A link sees each flow with a *cap*: what the rest of the flow's route lets through. Flows whose cap
is above the link's water level are *free* and run at the level; the others are *capped* and run at
their cap; the level is what is left for each free flow (Bertsekas & Gallager, Data Networks,
6.5.2). Both groups are heaps, so that an arrival or a departure costs the moves across the water
line, not the number of flows. Free flows all run at the level, so one *service clock*, the bytes
served to each free flow so far, tells when the next of them ends (as in weighted fair queueing).

A flow may cross a link with a *weight*: a coupled transfer that has three messages on the link
counts as three flows that advance side by side. Caps and the level are per unit of weight.

Units: bytes, bytes per second, virtual seconds. `sim.network` joins links into routes and owns the
events.
"""

import math
from heapq import heappop, heappush
from itertools import count
from typing import Any

TOLERANCE = 1e-12
"""Relative difference below which two rates are the same; rounding must not start another round of
sharing.
"""

_order = count()  # breaks ties in the heaps, and marks entries that a later move has made stale


class Share:
    """Hold how one link sees one flow: its cap there, and on which side of the water line it is."""

    __slots__ = ("cap", "entry", "finish_bytes", "flow", "is_free", "link", "tracked", "weight")

    def __init__(self, link: "Link", flow: Any, weight: float) -> None:
        self.link = link
        self.flow = flow  # the owner's business; a link only hands it back
        self.weight = weight
        self.cap = -math.inf
        self.is_free = False
        self.entry = -1
        self.finish_bytes = math.inf
        self.tracked = -1


class Link:
    """Divide one direction of a link among the flows that cross it."""

    def __init__(
        self, *, name: str, bytes_per_s: float, latency_sim_s: float, jitter_sim_s: float = 0.0
    ) -> None:
        self.name = name
        self.bytes_per_s = bytes_per_s
        self.latency_sim_s = latency_sim_s
        self.jitter_sim_s = jitter_sim_s
        self.carried_bytes = 0.0
        self.flows: dict[Any, None] = {}  # a set that remembers the order of arrival
        self.entangled: dict[Share, None] = {}  # shares of flows that cross another shared link too
        self.level = math.inf
        self.ticket = -1
        self.served_bytes = 0.0
        self._served_until_sim_s = 0.0
        self._free: list[tuple[float, int, Share]] = []
        self._capped: list[tuple[float, int, Share]] = []
        self._finish: list[tuple[float, int, Share]] = []
        self._num_free = 0
        self._num_capped = 0
        self._free_weight = 0.0
        self._capped_bytes_per_s = 0.0

    def serve_until(self, now_sim_s: float) -> None:
        """Bring the service clock forward; call it before the level changes."""
        if now_sim_s > self._served_until_sim_s:
            if self.level < math.inf:
                self.served_bytes += self.level * (now_sim_s - self._served_until_sim_s)
            self._served_until_sim_s = now_sim_s

    def put(self, share: Share, cap: float) -> None:
        """Take a share in, or change its cap; `relevel` then finds the new level."""
        if share.entry >= 0:
            self.discard(share)
        share.cap = cap
        if cap > self.level:
            self._put_free(share)
        else:
            self._put_capped(share)

    def discard(self, share: Share) -> None:
        """Let a share go; `relevel` then divides what it had."""
        # An empty sum is exactly zero, so rounding can't pile up over a long run.
        if share.is_free:
            self._num_free -= 1
            self._free_weight = self._free_weight - share.weight if self._num_free else 0.0
            share.is_free = False
        else:
            self._num_capped -= 1
            left_bytes_per_s = self._capped_bytes_per_s - share.weight * share.cap
            self._capped_bytes_per_s = left_bytes_per_s if self._num_capped else 0.0
        share.entry = share.tracked = -1

    def relevel(self) -> list[Share]:
        """Find the water level; return the shares that crossed the water line.

        Freeing the highest capped share and capping the lowest free one both raise the level, so
        one pass of each is enough.
        """
        moved = []
        level = self._find_level()
        while (share := _top(self._capped)) and share.cap > level * (1 + TOLERANCE):
            self.discard(share)
            self._put_free(share)
            moved.append(share)
            level = self._find_level()
        while (share := _top(self._free)) and share.cap < level * (1 - TOLERANCE):
            self.discard(share)
            self._put_capped(share)
            moved.append(share)
            level = self._find_level()
        self.level = level
        return moved

    def track(self, share: Share, remaining_bytes: float) -> None:
        """Note when, on the service clock, a free share has got its remaining bytes."""
        share.finish_bytes = self.served_bytes + remaining_bytes
        share.tracked = next(_order)
        heappush(self._finish, (share.finish_bytes, share.tracked, share))

    def next_finish_sim_s(self) -> float:
        """Return when the next tracked share ends at the present level, or infinity."""
        finish = self._finish
        while finish and finish[0][2].tracked != finish[0][1]:
            heappop(finish)
        if not finish:
            return math.inf
        share = finish[0][2]
        left_bytes = share.finish_bytes - self.served_bytes
        if left_bytes <= 0:
            return self._served_until_sim_s
        return self._served_until_sim_s + left_bytes / self.level if self.level > 0 else math.inf

    def pop_finished(self, now_sim_s: float) -> list[Share]:
        """Return the tracked shares that have got all their bytes; the service clock must stand at
        `now_sim_s`.
        """
        finished = []
        while self.next_finish_sim_s() <= now_sim_s:
            finished.append(heappop(self._finish)[2])
        return finished

    def _find_level(self) -> float:
        """Return what is left for each unit of free weight; without one, all (infinity) or, if
        overloaded, nothing. A link that is cut has nothing to give.
        """
        if self.bytes_per_s == 0:
            return 0.0
        if self._num_free:
            return (self.bytes_per_s - self._capped_bytes_per_s) / self._free_weight
        return math.inf if self._capped_bytes_per_s <= self.bytes_per_s * (1 + TOLERANCE) else 0.0

    def _put_free(self, share: Share) -> None:
        share.is_free = True
        share.entry = entry = next(_order)
        self._num_free += 1
        self._free_weight += share.weight
        heappush(self._free, (share.cap, entry, share))

    def _put_capped(self, share: Share) -> None:
        share.is_free = False
        share.entry = entry = next(_order)
        self._num_capped += 1
        self._capped_bytes_per_s += share.weight * share.cap
        heappush(self._capped, (-share.cap, entry, share))


def _top(heap: list[tuple[float, int, Share]]) -> Share | None:
    """Return the first share of a heap whose entry is not stale, or None."""
    while heap:
        _, entry, share = heap[0]
        if share.entry == entry:
            return share
        heappop(heap)
    return None
