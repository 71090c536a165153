"""Rows of trained weights become updates, norms and scaled sums."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from runners.learner.cohort import ROWS_IN_PARTIAL_SUM, Job, Trained, add_rows
from runners.optimizer import State


def job(start: torch.Tensor) -> Job:
    return Job(start=start, samples=np.zeros((1, 1), dtype=np.int64), state=State())


def test_updates_are_scaled_by_what_their_norms_ask_for() -> None:
    # ends minus starts: (3, 4) of norm 5, and (0, 2) of norm 2; clipped to norm 1 they are
    # (0.6, 0.8) and (0, 1), whose sum (0.6, 1.8) is added to (10, 10)
    jobs = [job(torch.tensor([1.0, 1.0])), job(torch.tensor([0.0, 2.0]))]
    ends = torch.tensor([[0.0, 4.0], [4.0, 5.0]])
    pieces = [Trained(numbers=[1, 0], ends=ends, losses=torch.tensor([[0.25, 0.1], [0.5, 0.3]]))]
    total = torch.full((2,), 10.0, dtype=torch.float64)
    summary = add_rows(iter(pieces), jobs, lambda numbers, norms: 1 / norms, total)
    torch.testing.assert_close(total, torch.tensor([10.6, 11.8], dtype=torch.float64))
    assert summary.norms.tolist() == [5.0, 2.0]
    torch.testing.assert_close(summary.losses, torch.tensor([[0.5, 0.3], [0.25, 0.1]]))


def test_a_sum_over_many_pieces_has_every_update_once() -> None:
    # job n moves by n: 0 + 1 + … + (N - 1) = N (N - 1) / 2; twice, since each factor is 2
    num_jobs = 2 * ROWS_IN_PARTIAL_SUM + 3
    start = torch.tensor([1.0])
    jobs = [job(start) for _ in range(num_jobs)]

    def pieces() -> Iterator[Trained]:
        memory = torch.empty(1, 1)  # the same for all: what was asked for last may be written to
        for number in range(num_jobs):
            memory.fill_(1 + number)
            yield Trained(numbers=[number], ends=memory, losses=torch.zeros(1, 2))

    def double(numbers: Sequence[int], norms: torch.Tensor) -> torch.Tensor:
        return torch.full((len(numbers),), 2.0, dtype=torch.float64)

    total = torch.zeros(1, dtype=torch.float64)
    summary = add_rows(pieces(), jobs, double, total)
    assert total.item() == num_jobs * (num_jobs - 1)
    assert summary.norms.tolist() == list(range(num_jobs))
    assert start.item() == 1.0


def test_no_jobs_add_nothing() -> None:
    total = torch.ones(2, dtype=torch.float64)
    summary = add_rows(iter([]), [], lambda numbers, norms: norms, total)
    assert total.tolist() == [1.0, 1.0]
    assert len(summary.losses) == len(summary.norms) == 0
