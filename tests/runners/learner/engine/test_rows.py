"""Chunks hold what goes together, longest first, and gather each sample once."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from runners.data import Samples
from runners.learner.cohort import Job
from runners.learner.engine import rows
from runners.learner.engine.rows import Chunk, chunks, descend
from runners.learner.rank_data import RankData
from runners.optimizer import State
from tests.runners.learner.engine.cohorts import CPU, OPTIMIZERS, SGD


def numbered_data(num_samples: int) -> RankData:
    """Return samples whose input and target is their number."""
    numbers = np.arange(num_samples)
    inputs = numbers.astype(np.float32)[:, None]
    samples = Samples(train=inputs, test=inputs, train_targets=numbers, test_targets=numbers)
    return RankData(samples, CPU)


def job(num_steps: int, first: int = 0, batch_size: int = 1, **settings: object) -> Job:
    """Return a job on samples `first` and following."""
    samples = first + np.arange(num_steps * batch_size).reshape(num_steps, batch_size)
    defaults = {"start": torch.zeros(1), "state": State()}
    return Job(samples=samples, **(defaults | settings))


def numbers(jobs: list[Job], most: int) -> list[list[int]]:
    return [list(chunk.numbers) for chunk in chunks(jobs, numbered_data(1), most)]


def test_longest_jobs_come_first_in_chunks_of_even_size() -> None:
    jobs = [job(2), job(5), job(1), job(4), job(3)]
    assert numbers(jobs, 5) == [[1, 3, 4, 0, 2]]
    assert numbers(jobs, 4) == [[1, 3, 4], [0, 2]]  # two chunks, and not four and one
    assert numbers(jobs, 1) == [[1], [3], [4], [0], [2]]


def test_only_what_can_step_together_does() -> None:
    jobs = [
        job(1),
        job(1, batch_size=2),
        job(1, state=State(num_steps=3)),
        job(1, proximal_weight=0.1),
        job(1, drift=torch.zeros(1)),
        job(1, draws=np.zeros((1, 1, 3), dtype=np.int64)),
        job(1, start=torch.ones(1)),  # other weights don't keep jobs apart
    ]
    assert numbers(jobs, 9) == [[0, 6], [1], [2], [3], [4], [5]]


def test_each_step_has_the_jobs_that_take_it() -> None:
    # jobs of 3, 2 and 1 steps of one sample, from 10, 20 and 30 on
    chunk = Chunk([0, 1, 2], [job(3, 10), job(2, 20), job(1, 30)], numbered_data(40))
    steps = [(inputs[..., 0].tolist(), targets.tolist()) for inputs, targets in chunk.batches()]
    assert steps == [
        ([[10], [20], [30]], [[10], [20], [30]]),
        ([[11], [21]], [[11], [21]]),
        ([[12]], [[12]]),
    ]


@settings(max_examples=40, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=6),
    batch_size=st.integers(1, 3),
    at_once=st.integers(1, 30),
)
def test_steps_are_the_same_however_many_are_gathered_at_once(
    lengths: list[int], batch_size: int, at_once: int
) -> None:
    lengths = sorted(lengths, reverse=True)
    jobs = [job(length, 30 * n, batch_size) for n, length in enumerate(lengths)]
    chunk = Chunk(range(len(jobs)), jobs, numbered_data(30 * len(jobs)))
    before, rows.SAMPLES_AT_ONCE = rows.SAMPLES_AT_ONCE, at_once
    try:
        batches = [targets.numpy() for _, targets in chunk.batches()]
    finally:
        rows.SAMPLES_AT_ONCE = before
    assert len(batches) == lengths[0]
    for number, one in enumerate(jobs):
        taken = [batch[number] for batch in batches[: one.num_steps]]
        assert np.array_equal(taken, one.samples)
    assert sum(batch.size for batch in batches) == sum(one.samples.size for one in jobs)


def test_moments_go_back_into_memory_of_their_own() -> None:
    jobs = [job(2, start=torch.tensor([1.0])), job(1, start=torch.tensor([2.0]))]
    chunk = Chunk([0, 1], jobs, numbered_data(2))

    def gradients(
        weights: torch.Tensor, inputs: torch.Tensor, targets: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        return weights.clone(), inputs.mean(dim=(1, 2))

    momentum = OPTIMIZERS[3]  # 0.9
    trained = descend(chunk, momentum, [0.5, 0.1], gradients)
    # first job: velocity 1, weight 1 - 0.5 = 0.5; velocity 0.9 + 0.5 = 1.4, weight 0.5 - 0.14
    # second: velocity 2, weight 2 - 0.5 × 2 = 1
    torch.testing.assert_close(trained.ends, torch.tensor([[0.36], [1.0]]))
    torch.testing.assert_close(trained.losses, torch.tensor([[0.5, 0.5], [0.0, 0.0]]))
    # samples 0, 1; and 0
    states = [one.state for one in jobs]
    assert [state.num_steps for state in states] == [2, 1]
    torch.testing.assert_close(states[0].moments, [torch.tensor([[1.4]])])
    torch.testing.assert_close(states[1].moments, [torch.tensor([[2.0]])])
    assert [len(state.moments[0].untyped_storage()) for state in states] == [4, 4]  # bytes


def test_a_start_that_all_share_is_not_copied_nor_changed() -> None:
    start = torch.tensor([3.0])
    jobs = [job(1, start=start), job(1, start=start)]
    chunk = Chunk([0, 1], jobs, numbered_data(1))
    assert chunk.starts().data_ptr() == start.data_ptr()
    descend(
        chunk, SGD, [1.0], lambda weights, inputs, targets: (weights.clone(), inputs.sum((1, 2)))
    )
    assert start.tolist() == [3.0]
