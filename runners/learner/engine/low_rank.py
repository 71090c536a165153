"""Engine `low_rank`: train many partners of one start without ever building their weights.

For dense layers and a linear optimizer (`combination.is_linear`). A partner's weights are the start
plus one product of factors per step (`history`); so all partners share the products with the start,
their own part costs (steps × batch)² per unit, the merged update is one product per layer, and the
updates' norms are known before it. Pays where steps × batch is below the layers' width.

Memory is that of a chunk's factors and does not grow with the number of jobs. Does not do drifts,
nor optimizers that go on from an earlier state (`can_do`). An optimizer's moments are set by
`train`, which gives rows; `add_updates` keeps no row of any job, and so no moments either.
"""

from collections.abc import Iterator, Sequence

import torch

from runners.learner.cohort import Factors, Job, Summary, Trained
from runners.learner.engine.combination import combine, is_linear
from runners.learner.engine.dense import DenseLayers
from runners.learner.engine.factored import Factored
from runners.learner.engine.layout import Layout
from runners.learner.rank_data import RankData
from runners.optimizer import Optimizer

CHUNK_BYTES = 2**26
"""Factors of a chunk, or rows made of them, that are in memory at a time."""


class LowRank:
    """Do jobs by their factors."""

    def __init__(self, dense: DenseLayers, data: RankData, optimizer: Optimizer) -> None:
        self._dense = dense
        self._data = data
        self._optimizer = optimizer
        self._is_linear = is_linear(optimizer)

    def can_do(self, jobs: Sequence[Job]) -> bool:
        """Return whether these jobs are what this engine does."""
        return self._is_linear and all(
            job.drift is None and not (job.state and job.state.moments) for job in jobs
        )

    def train(self, jobs: Sequence[Job], rates: Sequence[float]) -> Iterator[Trained]:
        """Build rows of weights from the factors, piece by piece."""
        for numbers, factored in self._trained(jobs, rates):
            at_once = max(1, CHUNK_BYTES // (4 * len(jobs[numbers[0]].start)))
            for first in range(0, len(numbers), at_once):
                some = slice(first, first + at_once)
                _keep_states([jobs[number] for number in numbers[some]], factored.velocities(some))
                yield Trained(
                    numbers=numbers[some],
                    ends=factored.ends(some),
                    losses=factored.losses[some],
                )

    def add_updates(
        self,
        jobs: Sequence[Job],
        rates: Sequence[float],
        factors: Factors,
        total: torch.Tensor,
    ) -> Summary:
        """Add the updates, chunk by chunk."""
        losses = torch.zeros(len(jobs), 2, device=total.device)
        norms = torch.zeros(len(jobs), device=total.device)
        for numbers, factored in self._trained(jobs, rates):
            factored.add_to(total, factors(numbers, factored.norms))
            places = torch.tensor(numbers, device=total.device)
            losses[places], norms[places] = factored.losses, factored.norms
        return Summary(losses=losses, norms=norms)

    def _trained(
        self, jobs: Sequence[Job], rates: Sequence[float]
    ) -> Iterator[tuple[list[int], Factored]]:
        """Train the jobs in chunks, and yield the jobs' numbers with them."""
        for numbers in _alike(jobs):
            while numbers:
                longest = jobs[numbers[0]]
                at_once = max(1, CHUNK_BYTES // self._job_bytes(longest))
                some, numbers = numbers[:at_once], numbers[at_once:]
                combination = combine(
                    self._optimizer, rates, longest.num_steps, longest.proximal_weight
                )
                layout = Layout([jobs[number] for number in some], combination)
                yield some, Factored(self._dense, self._data, layout)

    def _job_bytes(self, job: Job) -> int:
        """Return the bytes of a job's factors."""
        units = sum(layer.num_inputs + layer.num_outputs for layer in self._dense.layers)
        return 4 * max(1, job.samples.size) * units


def _alike(jobs: Sequence[Job]) -> list[list[int]]:
    """Return the numbers of jobs that can go together, most steps first: jobs of one start, one
    batch size and one rule.
    """
    groups: dict[tuple[object, ...], list[int]] = {}
    for number, job in enumerate(jobs):
        rule = (job.samples.shape[1], job.proximal_weight, job.draws is None)
        groups.setdefault((job.start.data_ptr(), *rule), []).append(number)
    return [
        sorted(numbers, key=lambda number: -jobs[number].num_steps) for numbers in groups.values()
    ]


def _keep_states(jobs: Sequence[Job], velocities: torch.Tensor | None) -> None:
    """Leave in the jobs' states what an optimizer goes on with."""
    for place, job in enumerate(jobs):
        if job.state is None:
            continue
        job.state.num_steps += job.num_steps
        if velocities is not None:
            job.state.moments = [velocities[place, None].clone()]
