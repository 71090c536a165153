"""Owns what engines have in common that train many jobs as rows: which jobs go together, their
batches, and steps along rows of gradients.

A chunk's jobs are sorted, most steps first. So those that have a step left are always a prefix of
the rows, and nothing is computed for the others.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch

from runners.learner.cohort import Job, Trained, moments
from runners.learner.rank_data import RankData
from runners.optimizer import Optimizer, State

SAMPLES_AT_ONCE = 256
"""Batches of several steps are gathered together up to so many samples: 0.8 MB of MNIST, which the
cache keeps until they are used.
"""

RowGradients = Callable[
    [torch.Tensor, torch.Tensor, torch.Tensor], tuple[torch.Tensor, torch.Tensor]
]
"""From rows of weights, (num_rows, num_parameters), and inputs and targets, (num_rows, batch, ...),
to rows of gradients and mean losses.
"""


class Chunk:
    """Hold jobs that are trained together; `numbers` are theirs in the cohort."""

    def __init__(self, numbers: Sequence[int], jobs: Sequence[Job], data: RankData) -> None:
        self.numbers = numbers
        self.jobs = [jobs[number] for number in numbers]
        self._data = data

    @property
    def proximal_weight(self) -> float:
        """The same for all jobs."""
        return self.jobs[0].proximal_weight

    def starts(self) -> torch.Tensor:
        """Return a row for each job; only to be read, since equal rows may share their memory."""
        first = self.jobs[0].start
        if all(job.start is first for job in self.jobs):
            return first.expand(len(self.jobs), -1)
        return torch.stack([job.start for job in self.jobs])

    def drifts(self) -> torch.Tensor | None:
        """Return a row for each job; None where jobs have none."""
        drifts = [job.drift for job in self.jobs if job.drift is not None]
        return torch.stack(drifts) if drifts else None

    def batches(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield each step's inputs and targets, (num_jobs that have this step, batch, ...)."""
        samples = _by_steps([job.samples for job in self.jobs])
        draws = _by_steps([job.draws for job in self.jobs if job.draws is not None])
        batch_size, first = samples.shape[1], 0
        for lengths in self._gatherings(SAMPLES_AT_ONCE // batch_size):
            some = slice(first, first + sum(lengths))
            first = some.stop
            drawn = draws[some] if len(draws) else None
            inputs, targets = self._data.batch(samples[some], drawn, is_passing=True)
            yield from zip(
                inputs.unflatten(0, (-1, batch_size)).split(lengths),
                targets.unflatten(0, (-1, batch_size)).split(lengths),
                strict=True,
            )

    def trained(self, rows: torch.Tensor, loss_sums: torch.Tensor) -> Trained:
        """Return what the jobs have come to; `loss_sums` are the sums of their batches' moments."""
        num_steps = torch.tensor([job.num_steps for job in self.jobs], device=rows.device)
        return Trained(numbers=self.numbers, ends=rows, losses=loss_sums / num_steps[:, None])

    def _gatherings(self, most: int) -> Iterator[list[int]]:
        """Yield how many jobs have a step, for steps that are gathered together: `most` batches, or
        one step.
        """
        num_steps = np.array([job.num_steps for job in self.jobs])
        lengths: list[int] = []
        for step in range(num_steps[0]):
            length = int((num_steps > step).sum())
            if lengths and sum(lengths) + length > most:
                yield lengths
                lengths = []
            lengths.append(length)
        yield lengths


def chunks(jobs: Sequence[Job], data: RankData, most: int) -> Iterator[Chunk]:
    """Yield all jobs in chunks of at most `most`, in which optimizers have taken equally many steps
    and batches are equally large, by the same rule.
    """
    alike: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for number, job in enumerate(jobs):
        rule = (job.proximal_weight, job.drift is None, job.draws is None)
        num_steps = None if job.state is None else job.state.num_steps
        alike[num_steps, job.samples.shape[1], *rule].append(number)
    for numbers in alike.values():
        numbers.sort(key=lambda number: -jobs[number].num_steps)
        for some in np.array_split(numbers, -(-len(numbers) // most)):
            yield Chunk(some.tolist(), jobs, data)


def descend(
    chunk: Chunk, optimizer: Optimizer, rates: Sequence[float], gradients: RowGradients
) -> Trained:
    """Take all steps of a chunk's jobs, and hand each its optimizer's state back."""
    starts, drifts, joined = chunk.starts(), chunk.drifts(), _joined_state(chunk.jobs)
    rows = starts.clone(memory_format=torch.contiguous_format)
    loss_sums = rows.new_zeros(len(rows), 2)
    for step, (inputs, targets) in enumerate(chunk.batches()):
        now = slice(len(inputs))
        slopes, losses = gradients(rows[now], inputs, targets)
        trained = slice(slopes.shape[1])
        weights = rows[now, trained]
        loss_sums[now] += moments(losses)
        if chunk.proximal_weight:
            slopes.add_(weights - starts[now, trained], alpha=chunk.proximal_weight)
        if drifts is not None:
            slopes.add_(drifts[now])
        state = State(num_steps=step + joined.num_steps, moments=[m[now] for m in joined.moments])
        optimizer.step(weights, slopes, state, rates[step])
        if step == 0:  # all jobs have this step, and moments may be new
            joined.moments = state.moments
    hand_back(joined, chunk.jobs)
    return chunk.trained(rows, loss_sums)


def hand_back(joined: State, jobs: Sequence[Job]) -> None:
    """Give each job that keeps them its rows of moments, in memory of their own: they may outlive
    the others.
    """
    for row, job in enumerate(jobs):
        if job.state is not None:
            job.state.num_steps += job.num_steps
            job.state.moments = [moment[row : row + 1].clone() for moment in joined.moments]


def _by_steps(arrays: Sequence[np.ndarray]) -> np.ndarray:
    """Return the rows of all arrays: their first ones, their second ones, and so on."""
    if not arrays:
        return np.empty(0)
    steps = np.concatenate([np.arange(len(array)) for array in arrays])
    return np.concatenate(arrays)[np.argsort(steps, kind="stable")]


def _joined_state(jobs: Sequence[Job]) -> State:
    """Return the jobs' states as one, with a row for each."""
    states = [job.state for job in jobs if job.state is not None]
    if not states:
        return State()
    moments = zip(*(state.moments for state in states), strict=True)
    return State(num_steps=states[0].num_steps, moments=[torch.cat(rows) for rows in moments])
