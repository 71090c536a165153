"""Owns where the samples of many jobs stand in engine `low_rank`: a row for each, step by step.

A chunk's jobs begin at the same weights, take batches of the same size by the same rule, and are
sorted, most steps first: the jobs that still have a step are a prefix. Rows are of shape
(num_jobs, num_steps × batch_size), for the steps of the first job; a job with fewer has rows that
count nothing.
"""

from collections.abc import Sequence

import numpy as np
import torch

from runners.learner.cohort import Job
from runners.learner.engine.combination import Combination
from runners.learner.engine.history import Now
from runners.learner.rank_data import RankData


class Layout:
    """Lay out jobs, and the coefficients of their steps, in rows."""

    def __init__(self, jobs: Sequence[Job], combination: Combination) -> None:
        self.jobs = jobs
        self.combination = combination
        self.start = jobs[0].start
        self.steps = [job.num_steps for job in jobs]
        self._batch_size = jobs[0].samples.shape[1]
        self._past = self._spread(combination.weights)
        self.final = self.of_rows(combination.weights)

    @property
    def num_steps(self) -> int:
        """The steps of the jobs that have most."""
        return self.steps[0]

    def samples(self, data: RankData) -> tuple[torch.Tensor, torch.Tensor]:
        """Return inputs as vectors, and targets, of all rows."""
        shape = (len(self.jobs), self.num_steps, self._batch_size)
        numbers = np.zeros(shape, dtype=np.int64)
        draws = None if self.jobs[0].draws is None else np.zeros((*shape, 3), dtype=np.int64)
        for place, job in enumerate(self.jobs):
            numbers[place, : job.num_steps] = job.samples
            if draws is not None and job.draws is not None:
                draws[place, : job.num_steps] = job.draws
        inputs, targets = data.batch(numbers, draws)
        rows = (len(self.jobs), self.num_steps * self._batch_size)
        return inputs.reshape(*rows, -1), targets.unflatten(0, rows)

    def now(self, step: int) -> Now:
        """Return where a step stands."""
        num_jobs = sum(steps > step for steps in self.steps)
        rows = slice(step * self._batch_size, (step + 1) * self._batch_size)
        return Now(
            num_jobs=num_jobs,
            rows=rows,
            base=float(self.combination.weights[step, 0]),
            keeps_start=self.combination.keeps_start,
            past=self._past[step, : rows.start],
            final=self.final[:num_jobs, : rows.stop],
        )

    def of_start(self, coefficients: torch.Tensor) -> torch.Tensor:
        """Return how much of the start is in each job's result, (num_jobs,)."""
        return coefficients[self.steps, 0].to(self.start)

    def of_rows(self, coefficients: torch.Tensor) -> torch.Tensor:
        """Return how much of each row's gradient is in its job's result; 0 where it counts
        nothing.
        """
        return self._spread(coefficients[self.steps])

    def taken(self, rows: torch.Tensor) -> torch.Tensor:
        """Return the rows that count, one after the other."""
        flat = rows.flatten(0, 1)
        if self.steps[-1] == self.num_steps:
            return flat
        ends = torch.tensor(self.steps, device=rows.device) * self._batch_size
        counts = torch.arange(rows.shape[1], device=rows.device) < ends[:, None]
        return flat[counts.flatten()]

    def _spread(self, coefficients: torch.Tensor) -> torch.Tensor:
        """Give each row the coefficient of its step's gradient."""
        return coefficients[:, 1:].to(self.start).repeat_interleave(self._batch_size, dim=1)
