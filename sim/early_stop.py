"""Owns the decision to end a run before its budget is spent, from what its evaluations say.

Evaluations on the held-out test set come in, in their order; they are the same on all ranks. Where
nothing is learned there are none, and nothing is decided. A run that is ended keeps its last model.
"""

from sim.budget import Budget
from sim.learner import Evaluation


class EarlyStop:
    """Follow a run's evaluations, and say when it should end.

    With `patience_evaluations` p it is when p evaluations in a row have not had a lower loss than
    the best before them (Goodfellow et al. 2016, "Deep Learning", algorithm 7.1), with
    `stops_at_target` when the target accuracy is reached. `reason` is `patience` or `target` then.
    """

    def __init__(self, budget: Budget) -> None:
        self.reason: str | None = None
        self._budget = budget
        self._best_loss: float | None = None
        self._num_in_vain = 0

    def see(self, evaluation: Evaluation) -> None:
        """Take in the next evaluation. The first, of the untrained model, ends nothing: it is what
        the others are held against.
        """
        if self._best_loss is None:
            self._best_loss = evaluation.loss
            return
        if evaluation.loss < self._best_loss:
            self._best_loss = evaluation.loss
            self._num_in_vain = 0
        else:  # as high, higher, or not a number
            self._num_in_vain += 1
        if self.reason is None and self._is_at_target(evaluation):
            self.reason = "target"
        elif self.reason is None and self._is_out_of_patience():
            self.reason = "patience"

    def _is_out_of_patience(self) -> bool:
        patience = self._budget.patience_evaluations
        return patience is not None and self._num_in_vain >= patience

    def _is_at_target(self, evaluation: Evaluation) -> bool:
        budget = self._budget
        return budget.stops_at_target and evaluation.accuracy >= budget.target_accuracy
