"""Owns the trainings of a game: federated averaging by any coalition of a run's partners.

Each coalition trains as `mode=proxy/federated` would with these partners alone: from the run's
first model, as many rounds as all together take, updates weighted by the data held. A partner
draws the same samples in every coalition, so that coalitions differ by who is in them only. Trained
in one place, many coalitions as one batched computation (`runners.learner.cohort`), on no virtual
clock. A batch's results don't depend on what is trained beside it in other batches.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch

from runners.contribution.shapley import members
from runners.learner.cohort import Job
from runners.learner.local_training import LocalTraining
from runners.learner.outer_optimizer import State, outer_step
from runners.learner.rank_data import RankData
from runners.learner.rates import Rates
from runners.learner.testing import Testing
from runners.learner.version import Version
from runners.perform import Job as RunJob
from sim.learner import Evaluation, Work
from sim.mode.proxy.federated import Federated


@dataclass(frozen=True, kw_only=True, eq=False)
class RoundOfAll:
    """Hold a round of everyone: the model before it and after it, of shape (size,), and the
    partners' updates, a row each, with their weights.
    """

    before: torch.Tensor
    after: torch.Tensor
    updates: torch.Tensor
    weights: list[float]


class Federation:
    """Train and evaluate what coalitions make."""

    def __init__(self, job: RunJob, data: RankData) -> None:
        """Take the partners of a run; `data` are the samples as they train on them."""
        run, workload = job.run, job.setting.workload
        assert isinstance(run.mode, Federated), "check_game lets no other mode pass"
        self._job, self._data, self._mode = job, data, run.mode
        self._num_samples = workload.num_samples
        self._num_steps = [
            run.mode.num_steps(workload, partner) for partner in range(self.num_partners)
        ]
        self._round_samples = sum(self._num_steps) * workload.batch_size
        self.num_rounds = math.ceil(round(job.budget_samples / self._round_samples, 9))

    @property
    def num_partners(self) -> int:
        """The players."""
        return len(self._num_samples)

    def evaluate(self, coalitions: Sequence[int]) -> list[Evaluation]:
        """Return how the models of coalitions do, on the held-out samples."""
        training = self._training()
        models = self._first(training, len(coalitions))
        for _ in self._rounds(training, coalitions, models):
            pass
        testing = Testing(training)
        return [evaluation_of(testing, model) for model in models]

    def rounds_of_all(self) -> Iterator[RoundOfAll]:
        """Yield the rounds of everyone together."""
        training = self._training()
        models = self._first(training, 1)
        everyone = list(range(self.num_partners))
        coalition = (1 << self.num_partners) - 1
        before = models[0]
        for updates in self._rounds(training, [coalition], models, keeps_updates=True):
            assert updates is not None
            weights = self._weights(everyone)
            yield RoundOfAll(before=before, after=models[0], updates=updates, weights=weights)
            before = models[0]

    def testing(self) -> Testing:
        """Return what tests weights of these models."""
        return Testing(self._training())

    def _training(self) -> LocalTraining:
        """Return local training from the beginning: same first model, same orders of samples."""
        run = self._job.run
        return LocalTraining(
            task=run.task,
            training=run.training,
            data=self._data,
            assignment=self._job.assignment,
            seed=run.seed,
        )

    def _first(self, training: LocalTraining, num: int) -> list[torch.Tensor]:
        return [training.model.initial.clone() for _ in range(num)]

    def _rounds(
        self,
        training: LocalTraining,
        coalitions: Sequence[int],
        models: list[torch.Tensor],
        *,
        keeps_updates: bool = False,
    ) -> Iterator[torch.Tensor | None]:
        """Change `models`, one for each coalition, round by round; yield the updates of a round's
        works, rows in order, where they are kept.
        """
        run = self._job.run
        rates = Rates(run.training, run.task.optimizer.learning_rate, self._job.budget_samples)
        states: list[State] = [() for _ in coalitions]
        works = [
            (row, player)
            for row, coalition in enumerate(coalitions)
            for player in members(coalition)
        ]
        for _ in range(self.num_rounds):
            rates_now = rates.take(max(self._num_steps), self._round_samples)
            jobs = self._jobs(training, works, models)
            totals = torch.zeros(len(models), training.model.size, dtype=torch.float64)
            totals = totals.to(self._data.device)
            shape = (len(works), training.model.size)
            kept = torch.empty(shape, device=totals.device) if keeps_updates else None
            weights = [w for one in coalitions for w in self._weights(members(one))]
            for piece in training.train(None, jobs, rates_now) if jobs else ():
                for number, end in zip(piece.numbers, piece.ends, strict=True):
                    update = end - jobs[number].start
                    totals[works[number][0]].add_(update, alpha=weights[number])
                    if kept is not None:
                        kept[number] = update
            self._move(coalitions, models, totals, states)
            yield kept

    def _jobs(
        self,
        training: LocalTraining,
        works: Sequence[tuple[int, int]],
        models: Sequence[torch.Tensor],
    ) -> list[Job]:
        """Return a round's jobs; a partner's have the same samples in all coalitions."""
        first = Version(version=0, owner=None, vector=None)
        drawn: dict[int, Job] = {}
        for player in sorted({player for _, player in works}):
            num_steps = self._num_steps[player]
            work = Work(partner=player, start=first, num_steps=num_steps, data_of=(player,))
            weight = self._mode.rule.proximal_weight
            drawn[player] = training.job(work, training.model.initial, None, proximal_weight=weight)
        return [replace(drawn[player], start=models[row]) for row, player in works]

    def _weights(self, players: Sequence[int]) -> list[float]:
        """Return n_k ÷ n, n being what these players hold together."""
        total = sum(self._num_samples[player] for player in players)
        return [self._num_samples[player] / total for player in players]

    def _move(
        self,
        coalitions: Sequence[int],
        models: list[torch.Tensor],
        totals: torch.Tensor,
        states: list[State],
    ) -> None:
        """Let each coalition's server step; that of nobody stays where it is."""
        outer = self._mode.server.outer()
        for row, coalition in enumerate(coalitions):
            if not coalition:
                continue
            update = totals[row]
            if outer is not None:
                update, states[row] = outer_step(update, states[row], outer)
            models[row] = (models[row] + update).to(torch.float32)


def evaluation_of(testing: Testing, vector: torch.Tensor) -> Evaluation:
    """Return the loss and accuracy of weights on the held-out samples."""
    sums = testing.sums(Version(version=0, owner=None, vector=vector), slice(None))
    loss, accuracy = (sums / testing.num_samples).tolist()
    return Evaluation(loss=loss, accuracy=max(0.0, accuracy))
