"""Owns what a run leaves behind on the virtual clock: one row per round and one per span.

A span is what one actor did without a break. A partner's kinds are `compute`, `protect` (its update
is made fit to be sent), `transfer`, `queue` (the update waits at a server), `merge` (it is being
merged), `wait` (for others) and `down` (not available). Servers have rows of their own: actor
`proxy`, or `proxy.0`, `proxy.1`, … with more workers; so has what a partner sends while it
computes: actor `north/background`. Level `rounds` keeps the sums of the partners' spans but not the
spans.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from sim.forecast import Forecast
from sim.learner import Evaluation, Feedback

KINDS = ("compute", "protect", "transfer", "queue", "merge", "wait", "down")
PROXY = "proxy"
LEVELS = ("rounds", "spans")


@dataclass(frozen=True, kw_only=True)
class Round:
    """Hold one round: its time, running totals, and the partners' seconds by kind.

    Of `num_dropped` partners the work was lost: they broke down, or were too late. `forecast` is
    what the proxy has expected, None where it has not decided on who takes part.
    """

    round: int
    start_sim_s: float
    end_sim_s: float
    num_participants: int
    num_dropped: int
    num_samples: int
    num_bytes: float
    partner_sim_s: dict[str, float]
    feedback: tuple[Callable[[], tuple[Feedback, ...]], ...]
    evaluation: Evaluation | None
    forecast: Forecast | None = None


Span = tuple[int, str, str, float, float, float]
"""A span's round, actor, kind, start_sim_s, end_sim_s and num_bytes; plain, for there may be
millions.
"""

SPAN_COLUMNS = ("round", "actor", "kind", "start_sim_s", "end_sim_s", "num_bytes")


class Trace:
    """Collect rounds and spans while a mode runs."""

    def __init__(self, *, level: str) -> None:
        self.rounds: list[Round] = []
        self.spans: list[Span] = []
        self.round = 0
        self._forecast: Forecast | None = None
        self._keeps_spans = level == "spans"
        self._partner_sim_s = dict.fromkeys(KINDS, 0.0)
        self._earlier_sim_s = dict.fromkeys(KINDS, 0.0)

    @property
    def total_sim_s(self) -> dict[str, float]:
        """The partners' seconds by kind, of all that has ended."""
        return {kind: self._earlier_sim_s[kind] + self._partner_sim_s[kind] for kind in KINDS}

    def span(
        self, actor: str, kind: str, start_sim_s: float, end_sim_s: float, num_bytes: float = 0.0
    ) -> None:
        """Add what a partner did; it counts to the round that is under way."""
        self._partner_sim_s[kind] += end_sim_s - start_sim_s
        if self._keeps_spans:
            self.spans.append((self.round, actor, kind, start_sim_s, end_sim_s, num_bytes))

    def other_span(
        self, actor: str, kind: str, start_sim_s: float, end_sim_s: float, num_bytes: float
    ) -> None:
        """Add what a server did, or what went on in a partner's background."""
        if self._keeps_spans:
            self.spans.append((self.round, actor, kind, start_sim_s, end_sim_s, num_bytes))

    def amend_last_round(self, num_bytes: float) -> None:
        """Count the partners' seconds since the last round to that round, and put its bytes right:
        the run has ended.
        """
        last, since = self.rounds[-1], self.take_partner_sim_s()
        partner_sim_s = {kind: last.partner_sim_s[kind] + since[kind] for kind in KINDS}
        self.rounds[-1] = replace(last, num_bytes=num_bytes, partner_sim_s=partner_sim_s)

    def foretell(self, forecast: Forecast) -> None:
        """Add what is expected of the round that is under way."""
        self._forecast = forecast

    def take_forecast(self) -> Forecast | None:
        """Return what was expected of the round that ends."""
        taken, self._forecast = self._forecast, None
        return taken

    def take_partner_sim_s(self) -> dict[str, float]:
        """Return the partners' seconds by kind since the last call."""
        self._earlier_sim_s = self.total_sim_s
        taken, self._partner_sim_s = self._partner_sim_s, dict.fromkeys(KINDS, 0.0)
        return taken
