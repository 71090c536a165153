"""Engine `private`: local steps that hide single examples (`runners.example_rule`).

A step's gradient is a clipped sum over the examples that take part, and noise, over the examples
that take part in the mean. All else comes after the noise and so costs no privacy: optimizers, the
pull of FedProx, which reads the weights alone, and SCAFFOLD's drift, which comes from updates made
of such steps. Dense networks are done many at once, others one by one.

Each job has its noise from its own seed, so it does not depend on who does which. It is drawn step
by step, and for the first layer of dense networks in blocks of steps where plain SGD allows it and
that is faster (`bridged_noise`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch

from runners.example_rule import ExampleRule
from runners.learner.clipping import ClippedSum
from runners.learner.clipping.choice import clipped_sum
from runners.learner.clipping.factors import ClippedFactors
from runners.learner.cohort import Factors, Job, Summary, Trained, add_rows, moments
from runners.learner.engine.bridged_noise import expected
from runners.learner.engine.job_noise import JobNoise, JobNoises, takes_bare_steps
from runners.learner.engine.rows import Chunk, RowGradients, chunks, descend, hand_back
from runners.learner.flat_model import FlatModel
from runners.learner.rank_data import RankData
from runners.learner.room import Room
from runners.optimizer import Optimizer, State

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
        self._noise = JobNoises(model, data, optimizer, rule)
        self._room = Room(torch.empty(0, device=data.device))
        room = CPU_BYTES if data.device.type == "cpu" else GPU_BYTES
        row_bytes = 4 * model.size * (2 + optimizer.num_moments)
        is_stacked = isinstance(self._sums, ClippedFactors)
        self._most = max(1, room // row_bytes) if is_stacked else 1

    def way(self, job: Job) -> str:
        """Return how gradients are clipped, by the name of its module, and how many steps' noise is
        drawn at once, if not one's, for a job.
        """
        module = type(self._sums).__module__.rpartition(".")[2]
        steps = self._noise.block_steps(job)
        return module if steps == 1 else f"{module}, noise bridged over {steps} steps"

    def train(self, jobs: Sequence[Job], rates: Sequence[float]) -> Iterator[Trained]:
        """Yield trained weights chunk by chunk."""
        for chunk in chunks(_equally_wide(jobs), self._data, self._most):
            noises = [self._noise.of(job, rates) for job in chunk.jobs]
            gradients = _NoisyGradients(chunk, self._sums, noises)
            is_bare = takes_bare_steps(chunk.jobs[0], self._optimizer)
            if is_bare and isinstance(self._sums, ClippedFactors):
                yield _descend_in_place(chunk, rates, gradients)
            else:
                total = self._room.tensor(len(chunk.jobs), self._num_parameters)
                yield descend(chunk, self._optimizer, rates, gradients.written_to(total))

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

    def __init__(self, chunk: Chunk, sums: ClippedSum, noises: Sequence[JobNoise]) -> None:
        start = chunk.jobs[0].start
        self._sums = sums
        self._noises = noises
        counts = _by_steps(chunk.jobs)
        self._widths = counts.max(axis=1).tolist()
        divisors = np.array([[expected(job)] for job in chunk.jobs])
        takes_part = np.arange(chunk.jobs[0].samples.shape[1]) < counts[..., None]
        self._weights = _like(start, takes_part / divisors).unbind()
        self._means = _like(start, takes_part / np.maximum(1, counts)[..., None]).unbind()
        self._step = 0

    def written_to(self, total: torch.Tensor) -> RowGradients:
        """Return a call that gives each step's gradients in rows of `total`, a row for each job."""

        def gradients(
            rows: torch.Tensor, inputs: torch.Tensor, targets: torch.Tensor
        ) -> tuple[torch.Tensor, torch.Tensor]:
            found = total[: len(rows)].zero_()
            return found, self.add_next(rows, inputs, targets, 1.0, found)

        return gradients

    def add_next(
        self,
        rows: torch.Tensor,
        inputs: torch.Tensor,
        targets: torch.Tensor,
        factor: float,
        total: torch.Tensor,
    ) -> torch.Tensor:
        """Add the next step's gradients times `factor` to rows of `total`, and return the mean
        losses of those who take part, 0 if nobody.
        """
        step, width = self._step, self._widths[self._step]
        self._step += 1
        losses = rows.new_zeros(len(rows))
        offsets = _joined([noise.offsets(step) for noise in self._noises[: len(rows)]])
        if width:
            some = (slice(len(rows)), slice(width))
            weights, means = self._weights[step][some], self._means[step][some]
            batch = inputs[:, :width], targets[:, :width], weights * factor
            if offsets is None:
                found = self._sums.add(rows, *batch, total)
            else:
                assert isinstance(self._sums, ClippedFactors), "noise is bridged in dense networks"
                found = self._sums.add(rows, *batch, total, offsets[:, :width])
            losses = torch.linalg.vecdot(found, means)
        for row, noise in zip(total, self._noises, strict=False):
            noise.add_to(row, step, factor)
        return losses


def _descend_in_place(chunk: Chunk, rates: Sequence[float], gradients: _NoisyGradients) -> Trained:
    """Take all steps of a chunk's jobs by plain SGD, without rows of gradients."""
    rows = chunk.starts().clone(memory_format=torch.contiguous_format)
    loss_sums = rows.new_zeros(len(rows), 2)
    for step, (inputs, targets) in enumerate(chunk.batches()):
        now = slice(len(inputs))
        losses = gradients.add_next(rows[now], inputs, targets, -rates[step], rows[now])
        loss_sums[now] += moments(losses)
    hand_back(State(), chunk.jobs)
    return chunk.trained(rows, loss_sums)


def _joined(offsets: Sequence[torch.Tensor | None]) -> torch.Tensor | None:
    """Return the jobs' offsets as one, 0 for who has none; None if nobody has."""
    some = next((one for one in offsets if one is not None), None)
    if some is None:
        return None
    return torch.stack([torch.zeros_like(some) if one is None else one for one in offsets])


def _by_steps(jobs: Sequence[Job]) -> np.ndarray:
    """Return how many take part, (steps of the longest job, num_jobs)."""
    counts = np.zeros((jobs[0].num_steps, len(jobs)), dtype=np.int64)
    for number, job in enumerate(jobs):
        assert job.counts is not None, "jobs come with counts where there is a rule"
        counts[: job.num_steps, number] = job.counts
    return counts


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
