"""Owns when a run ends: when its budget of samples is trained on, when an evaluation stops it,
when time, bytes or money have run out, or when it has learned as much from the data as privacy
allows.
"""

import math

from sim.allowance import Allowance
from sim.ledger import Ledger, NoProgress
from sim.protection import Protection
from sim.spending import Spending

SETTINGS = {"time": "max_sim_s", "bytes": "max_bytes", "cost": "max_cost_usd"}
"""What limits what may be spent."""


class Ending:
    """Tell whether a run is at its end, and what has brought it there."""

    def __init__(
        self,
        ledger: Ledger,
        spending: Spending,
        protection: Protection,
        allowance: Allowance | None,
    ) -> None:
        self._ledger = ledger
        self._spending = spending
        self._max_merges = protection.max_merges
        self._allowance = allowance

    @property
    def is_spent(self) -> bool:
        """Whether the budget's samples have been trained on, or the run ends before that."""
        return self._ledger.spent_fraction >= 1 or self._is_over or self.is_stopped

    @property
    def is_stopped(self) -> bool:
        """Whether an evaluation, or a budget other than that of samples, has ended the run before
        its time; raises NoProgress where nothing has been learned by then.
        """
        spent = self._spending.spent
        if spent is not None and self._ledger.spent_fraction == 0:
            raise NoProgress(
                f"the budget's {spent} was spent before anything was learned; try a larger "
                f"budget.{SETTINGS[spent]}, or null"
            )
        return self._ledger.stopped_by is not None or self._is_exhausted or spent is not None

    @property
    def reason(self) -> str:
        """What has ended the run: `target`, `patience`, `budget`, `time`, `bytes`, `cost` or
        `privacy`.
        """
        if self._ledger.stopped_by is not None:
            return self._ledger.stopped_by
        if self._ledger.spent_fraction >= 1:
            return "budget"
        is_private = self._is_exhausted or self._is_over
        return self._spending.spent or ("privacy" if is_private else "budget")

    @property
    def privacy_fraction(self) -> float:
        """The part of what privacy allows that is used up: of the merges, or of the steps on the
        data of the partner that is nearest its limit; NaN where it limits neither.
        """
        if self._allowance is not None:
            merges = self._ledger.num_merges / self._max_merges
            return max(merges, self._allowance.spent_fraction(self._ledger.spent_fraction))
        limit = self._max_merges
        return math.nan if math.isinf(limit) else self._ledger.num_merges / limit

    def cut_steps(self, num_steps: int, data_of: tuple[int, ...]) -> int:
        """Return as many of a plan's steps, which all draw from these data, as privacy allows."""
        return num_steps if self._allowance is None else self._allowance.cut(num_steps, data_of)

    def evaluates(self, num_merged: int) -> bool | None:
        """Return whether the round that closes with so many merges has to be evaluated, so that the
        curve has its end wherever the run ends; None where that is no reason to.
        """
        if self._allowance is not None:
            self._allowance.end_round()
        is_last = self._is_over or self._ledger.num_merges + num_merged >= self._max_merges
        return is_last or self._spending.spent is not None or None

    def give_up(self, cause: Exception) -> None:
        """Begin no further round; raises NoProgress where there has been none."""
        if self._ledger.spent_fraction == 0:
            raise NoProgress(
                "no step is within the limit of what may be known of an example: it ends the run "
                "before its first round does; try a larger privacy.dp_sgd.max_epsilon, more noise, "
                "or fewer local steps"
            ) from cause
        assert self._allowance is not None, "there was a limit"
        self._allowance.is_over = True

    @property
    def _is_exhausted(self) -> bool:
        return self._ledger.num_merges >= self._max_merges

    @property
    def _is_over(self) -> bool:
        return self._allowance is not None and self._allowance.is_over
