"""Owns why a round took as long as it did: its critical path, and who waited for whom.

Spans come in (`sim.trace`), segments that tile the time go out, in virtual seconds. The walk goes
backwards through the schedule: what ends at a moment is what was waited for at that moment, as in
critical-path planning (Kelley & Walker 1959), and waiting itself is on no path.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sim.trace import Span

NOBODY = "nobody"
"""Actor of a stretch at whose end no span ends: all wait for a deadline or a timer."""

TOLERANCE = 1e-12
"""Relative difference below which two times are the same: sums of floats reach them two ways."""

_ORDER = {"compute": 0, "protect": 0, "transfer": 0, "merge": 1, "queue": 2, "down": 3}
"""Work goes first; what a partner undergoes and does not do counts only where no work ends."""


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A stretch of a critical path: what `actor` did while the round's end depended on it."""

    actor: str
    kind: str
    start_sim_s: float
    end_sim_s: float


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """Say how long `waiter` waited while `actor` was on the critical path with `kind`."""

    waiter: str
    actor: str
    kind: str
    wait_sim_s: float


def critical_path(spans: Iterable[Span], start_sim_s: float, end_sim_s: float) -> list[Segment]:
    """Return segments that tile the time from start to end, in order of time.

    From the end backwards: the span that ends there, then the one that ends where that one starts,
    and so on. Of several the same actor's goes first, then a machine's, then the first in the
    trace; a merge is the machine's work, though the partner has a span of it too. Where no span
    ends, `NOBODY` has the stretch since the last end. Neighbours with the same actor and kind are
    one segment.
    """
    return critical_paths(spans, [(start_sim_s, end_sim_s)])[0]


def critical_paths(
    spans: Iterable[Span], rounds: Iterable[tuple[float, float]]
) -> list[list[Segment]]:
    """Return the critical path of each round; rounds are start_sim_s and end_sim_s."""
    ends = _Ends(spans)
    return [_joined(_walk_back(ends, start, end)) for start, end in rounds]


def waited_for(spans: Iterable[Span], path: Sequence[Segment]) -> list[Waiting]:
    """Return for whom partners waited, longest first: each `wait` span cut by the segments of
    `path`.

    `path` may be that of many rounds, one after the other in order of time.
    """
    starts = [segment.start_sim_s for segment in path]
    seconds: defaultdict[tuple[str, str, str], float] = defaultdict(float)
    for _round, waiter, kind, start_sim_s, end_sim_s, _bytes in spans:
        if kind == "wait":
            first = max(0, bisect_right(starts, start_sim_s) - 1)
            for segment in path[first : bisect_left(starts, end_sim_s)]:
                shared = min(end_sim_s, segment.end_sim_s) - max(start_sim_s, segment.start_sim_s)
                if shared > 0:
                    seconds[waiter, segment.actor, segment.kind] += shared
    rows = [
        Waiting(waiter=waiter, actor=actor, kind=kind, wait_sim_s=total)
        for (waiter, actor, kind), total in seconds.items()
    ]
    return sorted(rows, key=lambda row: (-row.wait_sim_s, row.waiter, row.actor, row.kind))


class _Ends:
    """Spans that can be waited for, by their end."""

    def __init__(self, spans: Iterable[Span]) -> None:
        all_spans = list(spans)
        busy = [span for span in all_spans if span[2] != "wait" and span[4] > span[3]]
        self._spans = sorted(busy, key=lambda span: span[4])
        self._end_sim_s = [span[4] for span in self._spans]
        self._partners = {span[1] for span in all_spans if span[2] in ("compute", "wait")}

    def at(self, time_sim_s: float, actor: str) -> Span | None:
        """Return the span that ends at a time and goes first after one of `actor`; None without."""
        early, late = time_sim_s * (1 - TOLERANCE), time_sim_s * (1 + TOLERANCE)
        first, last = bisect_left(self._end_sim_s, early), bisect_right(self._end_sim_s, late)
        ending = [span for span in self._spans[first:last] if span[3] < early]
        return min(ending, key=lambda span: self._rank(span, actor), default=None)

    def last_before(self, time_sim_s: float) -> float:
        """Return the last end before a time, or minus infinity."""
        number = bisect_left(self._end_sim_s, time_sim_s * (1 - TOLERANCE))
        return self._end_sim_s[number - 1] if number else float("-inf")

    def _rank(self, span: Span, actor: str) -> tuple[int, bool, bool]:
        is_partner = span[1] in self._partners
        resort = _ORDER[span[2]] if is_partner else 0
        return resort, span[1] != actor, is_partner


def _walk_back(ends: _Ends, start_sim_s: float, end_sim_s: float) -> Iterator[Segment]:
    """Yield segments from the end to the start."""
    now_sim_s, actor = end_sim_s, ""
    while now_sim_s > start_sim_s:
        span = ends.at(now_sim_s, actor)
        actor, kind = span[1:3] if span else (NOBODY, "wait")
        since_sim_s = max(start_sim_s, span[3] if span else ends.last_before(now_sim_s))
        yield Segment(actor=actor, kind=kind, start_sim_s=since_sim_s, end_sim_s=now_sim_s)
        now_sim_s = since_sim_s


def _joined(backwards: Iterable[Segment]) -> list[Segment]:
    """Return segments in order of time, neighbours of one actor and kind made one."""
    path: list[Segment] = []
    for segment in backwards:
        end_sim_s = segment.end_sim_s
        if path and (path[-1].actor, path[-1].kind) == (segment.actor, segment.kind):
            end_sim_s = path.pop().end_sim_s
        path.append(
            Segment(
                actor=segment.actor,
                kind=segment.kind,
                start_sim_s=segment.start_sim_s,
                end_sim_s=end_sim_s,
            )
        )
    return path[::-1]
