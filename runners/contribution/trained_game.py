"""Owns the game whose coalitions are trained: which are trained at once, and their worth."""

from collections.abc import Callable, Sequence

from runners.contribution.federation import Federation
from runners.contribution.kept_values import KeptValues
from sim.learner import Evaluation

COALITIONS_AT_ONCE = 32


class TrainedGame:
    """Value coalitions by training them, each once; `on_trained` hears how many are known."""

    def __init__(
        self,
        federation: Federation,
        kept: KeptValues,
        metric: str,
        on_trained: Callable[[int], None],
    ) -> None:
        self._federation = federation
        self._kept = kept
        self._metric = metric
        self._on_trained = on_trained

    @property
    def num_players(self) -> int:
        """The partners."""
        return self._federation.num_partners

    def values(self, coalitions: Sequence[int]) -> list[float]:
        """Return what coalitions are worth; groups that were trained stand on disk at once, so a
        command that goes on has the groups that one without a break has.
        """
        new = [one for one in dict.fromkeys(coalitions) if one not in self._kept.known]
        for first in range(0, len(new), COALITIONS_AT_ONCE):
            some = new[first : first + COALITIONS_AT_ONCE]
            self._kept.add(some, self._federation.evaluate(some))
            self._on_trained(len(self._kept.known))
        return [worth(self._kept.known[one], self._metric) for one in coalitions]


def worth(evaluation: Evaluation, metric: str) -> float:
    """Return what a model is worth: its accuracy, or minus its loss."""
    return evaluation.accuracy if metric == "accuracy" else -evaluation.loss
