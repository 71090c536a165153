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
        start = chunk.jobs[0].start
        self._sums = sums
        self._total = total
        self._noises = noises
        shares = [1 / expected for _, expected in map(_taken, chunk.jobs)]
        self._deviations = [rule.deviation(share) for share in shares]
        self._shares = start.new_tensor(shares)
        self._counts = [counts for counts, _ in map(_taken, chunk.jobs)]
        self._step = 0

    def __call__(
        self, rows: torch.Tensor, inputs: torch.Tensor, targets: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return rows of gradients, and the mean losses of those who take part, 0 if nobody."""
        total = self._total[: len(rows)]
        for row, noise, deviation in zip(total, self._noises, self._deviations, strict=False):
            noise.fill(row, deviation)
        counts = torch.tensor([job[self._step] for job in self._counts[: len(rows)]])
        self._step += 1
        most = int(counts.max())
        if most == 0:
            return total, rows.new_zeros(len(rows))
        counts = counts.to(rows.device)[:, None]
        takes_part = torch.arange(most, device=rows.device) < counts
        weights = takes_part * self._shares[: len(rows), None]
        losses = self._sums.add(rows, inputs[:, :most], targets[:, :most], weights, total)
        return total, losses.where(takes_part, 0).sum(dim=1) / counts[:, 0].clamp(min=1)


def _taken(job: Job) -> tuple[np.ndarray, int]:
    """Return how many take part in each step, and in the mean."""
    assert job.counts is not None and job.expected_count is not None, "jobs come with both"
    return job.counts, job.expected_count


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
