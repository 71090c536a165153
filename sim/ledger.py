"""Owns the account of a run: its rounds, the samples trained on, when to evaluate, and when to end.

A mode closes rounds; a row of the trace comes out of each.
"""

from collections.abc import Callable, Sequence

from sim.budget import Budget
from sim.early_stop import EarlyStop
from sim.learner import Evaluation, Learner, Merged, Model
from sim.network import Network
from sim.trace import Round, Trace
from sim.workload import Workload

MAX_EMPTY_ROUNDS = 1000
"""Rounds in a row in which nothing was learned, after which a run gives up."""


class NoProgress(RuntimeError):
    """A run that can't come to its end, in words for the person who set it up."""


class Ledger:
    """Count rounds, samples and evaluations."""

    def __init__(
        self,
        *,
        budget: Budget,
        workload: Workload,
        learner: Learner,
        network: Network,
        trace: Trace,
        on_round: Callable[[float], None],
    ) -> None:
        self.models: tuple[Model, ...] = ()
        self.answers_jointly = False
        self.num_merges = 0
        self._budget = budget
        self._budget_samples = budget.num_epochs * workload.total_samples
        self._learner = learner
        self._network = network
        self._trace = trace
        self._on_round = on_round
        self._early_stop = EarlyStop(budget)
        self._num_samples = 0
        self._num_evaluations = 0
        self._num_empty_rounds = 0
        self._round_start_sim_s = 0.0

    @property
    def spent_fraction(self) -> float:
        """The part of the budget that has been trained on; a last round may go beyond 1."""
        return self._num_samples / self._budget_samples

    @property
    def stopped_by(self) -> str | None:
        """Why an evaluation has ended the run, however much of the budget is left; None if none
        has.
        """
        return self._early_stop.reason

    def begin(self, models: Sequence[Model], jointly: bool) -> None:
        """Put down round 0: the untrained models, on no clock, which are to answer `jointly` or
        each for itself.
        """
        self.models = tuple(models)
        self.answers_jointly = jointly
        self._put_down(0.0, num_participants=0, num_dropped=0, merged=(), evaluates=True)

    def end_round(
        self,
        now_sim_s: float,
        models: Sequence[Model],
        *,
        merged: Sequence[Merged],
        num_participants: int,
        num_dropped: int,
        num_samples: int,
        evaluates: bool | None,
    ) -> None:
        """Close a round; `evaluates=None` evaluates when the budget's next evaluation is due."""
        self.models = tuple(models)
        self._num_samples += num_samples
        self.num_merges += len(merged)
        self._check_progress(now_sim_s, num_samples)
        self._put_down(
            now_sim_s,
            num_participants=num_participants,
            num_dropped=num_dropped,
            merged=merged,
            evaluates=self._is_evaluation_due() if evaluates is None else evaluates,
        )
        self._on_round(min(1.0, self.spent_fraction))

    def _check_progress(self, now_sim_s: float, num_samples: int) -> None:
        self._num_empty_rounds = 0 if num_samples else self._num_empty_rounds + 1
        if self._num_empty_rounds > MAX_EMPTY_ROUNDS:
            raise NoProgress(
                f"{MAX_EMPTY_ROUNDS} rounds in a row in which nothing was learned, at {now_sim_s} "
                "virtual seconds: nobody gets done before the deadline or the next fault; try a "
                "longer deadline, fewer local steps or milder faults"
            )

    def _is_evaluation_due(self) -> bool:
        due = int(min(1.0, self.spent_fraction) * self._budget.num_evaluations)
        if due <= self._num_evaluations:
            return False
        self._num_evaluations = due
        return True

    def _put_down(
        self,
        now_sim_s: float,
        *,
        num_participants: int,
        num_dropped: int,
        merged: Sequence[Merged],
        evaluates: bool,
    ) -> None:
        evaluation = self._evaluate() if evaluates else None
        self._trace.rounds.append(
            Round(
                round=self._trace.round,
                start_sim_s=self._round_start_sim_s,
                end_sim_s=now_sim_s,
                num_participants=num_participants,
                num_dropped=num_dropped,
                num_samples=self._num_samples,
                num_bytes=self._network.sent_bytes,
                partner_sim_s=self._trace.take_partner_sim_s(),
                feedback=tuple(one.feedback for one in merged),
                evaluation=evaluation,
                forecast=self._trace.take_forecast(),
            )
        )
        self._trace.round += 1
        self._round_start_sim_s = now_sim_s

    def _evaluate(self) -> Evaluation | None:
        evaluation = self._learner.evaluate(self.models, self.answers_jointly)
        if evaluation is not None:
            self._early_stop.see(evaluation)
        return evaluation
