"""Engine `loop`: one job after the other, one step after the other, by autograd.

The reference for all other engines, and the engine for what they can't do: batch norm, dropout, and
models in which one step of one partner keeps a core busy. Dropout is seeded job by job, so it does
not depend on who does which.
"""

from collections.abc import Iterator, Sequence

import torch

from runners.learner.cohort import Factors, Job, Summary, Trained, add_rows, moments
from runners.learner.engine.rows import hand_back
from runners.learner.flat_model import FlatModel
from runners.learner.rank_data import RankData
from runners.learner.room import Room
from runners.optimizer import Optimizer, State
from runners.optimizer.sgd import Sgd

STEPS_AT_ONCE = 64
"""Steps whose batches are gathered together: small in memory, and many enough to cost nothing."""


class Loop:
    """Do jobs one by one."""

    def __init__(self, model: FlatModel, data: RankData, optimizer: Optimizer) -> None:
        self._model = model
        self._data = data
        self._optimizer = optimizer

    def train(self, jobs: Sequence[Job], rates: Sequence[float]) -> Iterator[Trained]:
        """Yield each job's weights as it is done."""
        room = Room(torch.empty(0, device=self._data.device))
        for number, job in enumerate(jobs):
            end = room.tensor(*job.start.shape).copy_(job.start)
            loss = self._steps(job, end, rates)
            yield Trained(numbers=[number], ends=end[None], losses=loss[None])

    def add_updates(
        self,
        jobs: Sequence[Job],
        rates: Sequence[float],
        factors: Factors,
        total: torch.Tensor,
    ) -> Summary:
        """Add the updates one by one."""
        return add_rows(self.train(jobs, rates), jobs, factors, total)

    def _steps(self, job: Job, vector: torch.Tensor, rates: Sequence[float]) -> torch.Tensor:
        """Change `vector` by the job's steps, and return its loss moments, of shape (2,)."""
        self._model.at(vector)
        if not self._model.is_sample_wise:
            torch.manual_seed(job.seed)
        losses = (
            self._bare_steps(job, rates)
            if self._is_bare(job)
            else self._full_steps(job, vector, rates)
        )
        return moments(torch.stack(list(losses))).mean(dim=0)

    def _bare_steps(self, job: Job, rates: Sequence[float]) -> Iterator[torch.Tensor]:
        """Take steps of plain SGD, and yield each one's loss."""
        for step, (inputs, targets) in enumerate(self._batches(job)):
            yield self._model.descend(inputs, targets, rates[step])
        hand_back(State(), [job])

    def _full_steps(
        self, job: Job, vector: torch.Tensor, rates: Sequence[float]
    ) -> Iterator[torch.Tensor]:
        """Take steps of any kind, and yield each one's loss."""
        model, num_parameters = self._model, self._model.num_parameters
        weights, start = vector[:num_parameters], job.start[:num_parameters]
        state = State() if job.state is None else job.state
        for step, (inputs, targets) in enumerate(self._batches(job)):
            yield model.backward(inputs, targets, None)
            if job.proximal_weight:
                model.gradient.add_(weights - start, alpha=job.proximal_weight)
            if job.drift is not None:
                model.gradient.add_(job.drift)
            self._optimizer.step(weights[None], model.gradient[None], state, rates[step])

    def _is_bare(self, job: Job) -> bool:
        """Return whether a step is nothing but w ← w − η g."""
        optimizer = self._optimizer
        is_bare = isinstance(optimizer, Sgd) and optimizer.is_plain and not optimizer.weight_decay
        return is_bare and not job.proximal_weight and job.drift is None

    def _batches(self, job: Job) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        size = job.samples.shape[1]
        for first in range(0, job.num_steps, STEPS_AT_ONCE):
            some = slice(first, first + STEPS_AT_ONCE)
            draws = None if job.draws is None else job.draws[some]
            inputs, targets = self._data.batch(job.samples[some], draws, is_passing=True)
            yield from zip(inputs.split(size), targets.split(size), strict=True)
