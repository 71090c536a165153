"""Owns the proxy's forecasts: how long a round will take, and what its loss will be, before it
happens; and what has become of earlier ones, by which it corrects itself.

The seconds of a round are those of the slowest that was chosen, by what was seen of each
(`sim.forecast`), but at most its deadline; where the model steps as soon as enough updates are
there, they are those until these are expected (`sim.arrivals`). They are multiplied by the median
of how many times the expected seconds the last rounds have taken: queues and merging are in none of
these. How far forecasts were off makes the interval (`sim.interval`). The loss goes on falling at
the rate of the last rounds: a line through its logarithm.
"""

import math
from collections import deque
from collections.abc import Sequence
from statistics import fmean, linear_regression, median

from sim.arrivals import Arrivals
from sim.decision import Decision
from sim.forecast import Forecast, expected_direct_sim_s, expected_sim_s
from sim.interval import AdaptiveInterval
from sim.learner import Feedback
from sim.view import View

NUM_REMEMBERED = 20
"""Rounds that forecasts go by."""
LEAST_REMEMBERED = 5
"""Rounds whose losses have to be known before there is a line through them."""


class Forecaster:
    """Predict rounds, one after the other, and learn from how they went."""

    def __init__(self) -> None:
        self._is_foretold = False  # the round that is under way
        self._expected_sim_s = math.nan
        self._since_sim_s = 0.0
        self._factors: deque[float] = deque(maxlen=NUM_REMEMBERED)
        self._losses: deque[float] = deque(maxlen=NUM_REMEMBERED)
        self._arrivals = Arrivals()
        self._interval = AdaptiveInterval()

    def predict(self, view: View, decision: Decision, deadline_sim_s: float | None) -> Forecast:
        """Return what is to be expected of a decision, whose round ends at a deadline at the
        latest; seconds count from now on.
        """
        return self._foretell(view, _slowest_sim_s(view, decision, deadline_sim_s))

    def see_leaving(self, view: View, decision: Decision, num_missing: int) -> Forecast | None:
        """Take in that partners leave for whom no round's end waits: it comes with the
        `num_missing`-th update. Return what is to be expected of it, None where that has been said
        of the round that is under way.
        """
        self._arrivals.leave(view, decision)
        if self._is_foretold:
            return None
        return self._foretell(view, self._arrivals.next_sim_s(view, decision, num_missing))

    def _foretell(self, view: View, seconds_sim_s: float) -> Forecast:
        self._is_foretold = True
        self._expected_sim_s, self._since_sim_s = seconds_sim_s, view.now_sim_s
        took_sim_s = self._factor * seconds_sim_s
        low, high = self._interval.ends()
        return Forecast(
            since_sim_s=view.now_sim_s,
            took_sim_s=_known(took_sim_s),
            low_sim_s=_known(low * took_sim_s),
            high_sim_s=_known(high * took_sim_s),
            train_loss=_known(self._next_loss()),
        )

    def learn(self, now_sim_s: float, feedback: Sequence[Feedback]) -> None:
        """Take in that a round has ended, and what its partners have told."""
        if self._expected_sim_s > 0:  # and no NaN
            self._learn_factor((now_sim_s - self._since_sim_s) / self._expected_sim_s)
        self._expected_sim_s, self._is_foretold = math.nan, False
        losses = [one.train_loss for one in feedback]
        if losses and fmean(losses) > 0:
            self._losses.append(fmean(losses))

    @property
    def _factor(self) -> float:
        """How many times the expected seconds the next round is forecast to take."""
        return median(self._factors) if self._factors else 1.0

    def _learn_factor(self, factor: float) -> None:
        """Take in how many times the expected seconds a round took; the first forecast, which knew
        no factor, is no measure of those to come.
        """
        if self._factors and self._factor > 0:
            self._interval.learn(factor / self._factor)
        self._factors.append(factor)

    def _next_loss(self) -> float:
        """Return where the line through the logarithms of the last losses leads."""
        if len(self._losses) < LEAST_REMEMBERED:
            return math.nan
        logs = [math.log(loss) for loss in self._losses]
        slope, start = linear_regression(range(len(logs)), logs)
        return math.exp(start + slope * len(logs))


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _slowest_sim_s(view: View, decision: Decision, deadline_sim_s: float | None) -> float:
    """Return how long the slowest of the chosen is expected to take, at most the deadline; NaN
    where somebody has not been seen and there is no deadline.
    """
    num_steps = view.num_steps.copy()
    for partner, its_steps in decision.num_steps.items():
        num_steps[partner] = its_steps
    up_bytes = view.up_bytes_at[decision.compression or 0]
    took = expected_sim_s(view, num_steps, up_bytes)
    for head, followers in decision.parties.items():
        took[head] = expected_direct_sim_s(view, head, followers, num_steps, up_bytes)
    to_proxy = [one for one in decision.partners if one not in decision.direct]
    took_sim_s = float(took[to_proxy].max())
    if deadline_sim_s is None:
        return took_sim_s
    return deadline_sim_s if math.isnan(took_sim_s) else min(took_sim_s, deadline_sim_s)
