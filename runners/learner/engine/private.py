"""Engine `private`: local steps that hide single examples (`runners.example_rule`).

A step's gradient is a clipped sum over the examples that take part, and noise, over the examples
that take part in the mean. All else comes after the noise and so costs no privacy: optimizers, the
pull of FedProx, which reads the weights alone, and SCAFFOLD's drift, which comes from updates made
of such steps. Dense networks are done many at once, others one by one.

Each job has its noise from its own seed, so it does not depend on who does which.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch

from runners.example_rule import ExampleRule
from runners.learner.clipping import ClippedSum
from runners.learner.clipping.choice import clipped_sum
from runners.learner.clipping.factors import ClippedFactors
from runners.learner.cohort import Factors, Job, Summary, Trained, add_rows
from runners.learner.engine.rows import Chunk, chunks, descend
from runners.learner.flat_model import FlatModel
from runners.learner.noise import Noise, NoiseMaker
from runners.learner.rank_data import RankData
from runners.learner.room import Room
from runners.optimizer import Optimizer

CPU_BYTES, GPU_BYTES = 2**23, 2**30
"""What a chunk's weights, sums and moments may take: on a CPU, what its cache holds."""


class Private:
    """Do jobs in chunks, by rows of noisy gradients."""

    def __init__(
        self, model: FlatModel, data: RankData, optimizer: Optimizer, rule: ExampleRule
    ) -> None:
        self._sums = clipped_sum(model, rule.clipping_norm)
        self._num_parameters = model.num_parameters
        self._data = data
        self._optimizer = optimizer
        self._rule = rule
        self._noise = NoiseMaker(data.device)
        self._room = Room(torch.empty(0, device=data.device))
        room = CPU_BYTES if data.device.type == "cpu" else GPU_BYTES
        row_bytes = 4 * model.size * (2 + optimizer.num_moments)
        is_stacked = isinstance(self._sums, ClippedFactors)
        self._most = max(1, room // row_bytes) if is_stacked else 1

    @property
    def way(self) -> str:
        """How gradients are clipped, by the name of its module."""
        return type(self._sums).__module__.rpartition(".")[2]

    def train(self, jobs: Sequence[Job], rates: Sequence[float]) -> Iterator[Trained]:
        """Yield trained weights chunk by chunk."""
        for chunk in chunks(_equally_wide(jobs), self._data, self._most):
            total = self._room.tensor(len(chunk.jobs), self._num_parameters)
            noises = [self._noise.stream(job.seed) for job in chunk.jobs]
            gradients = _NoisyGradients(chunk, self._rule, self._sums, noises, total)
            yield descend(chunk, self._optimizer, rates, gradients)

    def add_updates(
        self,
        jobs: Sequence[Job],
        rates: Sequence[float],
        factors: Factors,
        total: torch.Tensor,
    ) -> Summary:
        """Add the updates chunk by chunk."""
        return add_rows(self.train(jobs, rates), jobs, factors, total)


class _NoisyGradients:
    """Compute the gradients of a chunk's steps, one after the other."""

    def __init__(
        self,
        chunk: Chunk,
        rule: ExampleRule,
        sums: ClippedSum,
        noises: Sequence[Noise],
        total: torch.Tensor,
    ) -> None:
        """`total` has a row for each job, and is written to step by step."""
        self._sums = sums
        self._total = total
        self._noises = noises
        self._deviations = [rule.deviation(1 / _expected(job)) for job in chunk.jobs]
        self._counts = _by_steps(chunk.jobs)
        expected = np.array([[_expected(job)] for job in chunk.jobs])
        takes_part = np.arange(chunk.jobs[0].samples.shape[1]) < self._counts[..., None]
        self._weights = _like(total, takes_part / expected)
        self._part_missing = _like(total, expected[:, 0] / np.maximum(1, self._counts))
        self._step = 0

    def __call__(
        self, rows: torch.Tensor, inputs: torch.Tensor, targets: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return rows of gradients, and the mean losses of those who take part, 0 if nobody."""
        now, step = slice(len(rows)), self._step
        self._step += 1
        total = self._total[now].zero_()
        for row, noise, deviation in zip(total, self._noises, self._deviations, strict=False):
            noise.add_to(row, deviation)
        most = int(self._counts[step, now].max())
        if most == 0:
            return total, rows.new_zeros(len(rows))
        weights = self._weights[step, now, :most]
        losses = self._sums.add(rows, inputs[:, :most], targets[:, :most], weights, total)
        return total, (losses * weights).sum(dim=1).mul_(self._part_missing[step, now])


def _by_steps(jobs: Sequence[Job]) -> np.ndarray:
    """Return how many take part, (steps of the longest job, num_jobs)."""
    counts = np.zeros((jobs[0].num_steps, len(jobs)), dtype=np.int64)
    for number, job in enumerate(jobs):
        assert job.counts is not None, "jobs come with counts where there is a rule"
        counts[: job.num_steps, number] = job.counts
    return counts


def _expected(job: Job) -> int:
    assert job.expected_count is not None, "jobs come with it where there is a rule"
    return job.expected_count


def _like(tensor: torch.Tensor, numbers: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(numbers).to(tensor)


def _equally_wide(jobs: Sequence[Job]) -> list[Job]:
    """Return the jobs with rows of samples filled up to the same length."""
    width = max((job.samples.shape[1] for job in jobs), default=0)
    return [
        replace(
            job,
            samples=_filled(job.samples, width),
            draws=None if job.draws is None else _filled(job.draws, width),
        )
        for job in jobs
    ]


def _filled(numbers: np.ndarray, width: int) -> np.ndarray:
    """Return rows of numbers, their last column repeated up to a width."""
    return numbers[:, np.minimum(np.arange(width), numbers.shape[1] - 1)]
