"""Owns when a run ends: when its budget of samples is trained on, when an evaluation stops it, or
when it has learned as much from the data as privacy allows.
"""

from sim.allowance import Allowance
from sim.ledger import Ledger, NoProgress
from sim.protection import Protection


class Ending:
    """Tell whether a run is at its end, and what has brought it there."""

    def __init__(self, ledger: Ledger, protection: Protection, allowance: Allowance | None) -> None:
        self._ledger = ledger
        self._max_merges = protection.max_merges
        self._allowance = allowance

    @property
    def is_spent(self) -> bool:
        """Whether the budget's samples have been trained on, or the run ends before that."""
        return self._ledger.spent_fraction >= 1 or self._is_over or self.is_stopped

    @property
    def is_stopped(self) -> bool:
        """Whether an evaluation, or a budget of merges, has ended the run before its time."""
        return self._ledger.stopped_by is not None or self._is_exhausted

    @property
    def reason(self) -> str:
        """What has ended the run: `target`, `patience`, `budget` or `privacy`."""
        if self._ledger.stopped_by is not None:
            return self._ledger.stopped_by
        if self._ledger.spent_fraction < 1 and (self._is_exhausted or self._is_over):
            return "privacy"
        return "budget"

    def cut_steps(self, num_steps: int, data_of: tuple[int, ...]) -> int:
        """Return as many of a plan's steps, which all draw from these data, as privacy allows."""
        return num_steps if self._allowance is None else self._allowance.cut(num_steps, data_of)

    def evaluates(self, num_merged: int) -> bool | None:
        """Return whether the round that closes with so many merges has to be evaluated, so that the
        curve has its end wherever privacy ends the run; None where that is no reason to.
        """
        if self._allowance is not None:
            self._allowance.end_round()
        return self._is_over or self._ledger.num_merges + num_merged >= self._max_merges or None

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
