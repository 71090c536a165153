"""The examples of private steps are drawn as the accountant is told."""

import math

import numpy as np
import pytest

from runners.learner.example_batches import ExampleBatches, Taken


def batches(num_held: int, sampling: str, seed: int = 0) -> ExampleBatches:
    numbers = np.arange(100, 100 + num_held)
    return ExampleBatches(numbers, np.random.default_rng(seed), "none", sampling)


def rows(taken: Taken) -> list[list[int]]:
    return [row[:count].tolist() for row, count in zip(taken.samples, taken.counts, strict=True)]


@pytest.mark.parametrize("sampling", ["poisson", "shuffled"])
def test_nobody_is_in_a_step_twice_and_what_fills_up_is_a_sample(sampling: str) -> None:
    taken = batches(7, sampling).steps(50, 5)
    assert taken.expected == 5
    assert taken.samples.shape == (50, taken.counts.max())
    for row in rows(taken):
        assert len(set(row)) == len(row)
    assert set(taken.samples.flatten().tolist()) <= set(range(100, 107))


def test_poisson_batches_are_independent_coins() -> None:
    """Each example is in with probability 3 / 20, two of them together with its square."""
    num_steps, rate = 20_000, 3 / 20
    taken = batches(20, "poisson").steps(num_steps, 3)
    is_in = np.zeros((num_steps, 20))
    for number, row in enumerate(rows(taken)):
        is_in[number, np.array(row, dtype=int) - 100] = 1
    error = math.sqrt(rate * (1 - rate) / num_steps)
    assert np.abs(is_in.mean(axis=0) - rate).max() < 4.5 * error
    together = (is_in.T @ is_in) / num_steps
    pairs = together[~np.eye(20, dtype=bool)]
    assert np.abs(pairs - rate**2).max() < 5 * math.sqrt(rate**2 * (1 - rate**2) / num_steps)
    # binomial: variance 20 × 0.15 × 0.85 = 2.55, and nobody with 0.85²⁰ = 0.0388
    assert taken.counts.var() == pytest.approx(2.55, rel=0.06)
    assert (taken.counts == 0).mean() == pytest.approx(0.0388, abs=0.007)


def test_a_shuffled_pass_has_everyone_once() -> None:
    taken = batches(12, "shuffled").steps(9, 4)
    assert taken.counts.tolist() == [4] * 9
    for first in (0, 3, 6):
        passed = [number for row in rows(taken)[first : first + 3] for number in row]
        assert sorted(passed) == list(range(100, 112))


def test_a_batch_over_the_end_of_a_pass_leaves_out_whom_it_has() -> None:
    """Of 5 steps of 4, nobody of 10 is in more than the two passes of 20 draws."""
    seen_short = False
    for seed in range(20):
        taken = batches(10, "shuffled", seed).steps(5, 4)
        times = np.bincount([number - 100 for row in rows(taken) for number in row])
        assert times.max() <= 2
        seen_short |= taken.counts[2] < 4
        assert all(taken.counts[[0, 1, 3, 4]] == 4)
    assert seen_short


@pytest.mark.parametrize("sampling", ["poisson", "shuffled"])
def test_batches_beyond_what_is_held_are_everyone(sampling: str) -> None:
    taken = batches(3, sampling).steps(4, 8)
    assert taken.expected == 3
    assert [sorted(row) for row in rows(taken)] == [[100, 101, 102]] * 4


def test_an_empty_step_still_has_a_row() -> None:
    taken = next(
        one
        for seed in range(100)
        if not (one := batches(50, "poisson", seed).steps(1, 1)).counts.any()
    )
    assert taken.samples.shape == (1, 1)


@pytest.mark.parametrize("sampling", ["poisson", "shuffled"])
def test_draws_go_on_from_a_saved_state(sampling: str) -> None:
    one = batches(10, sampling)
    one.steps(3, 4)
    state = one.state()
    other = batches(10, sampling, seed=1)
    other.restore(state)
    assert rows(one.steps(6, 4)) == rows(other.steps(6, 4))
    assert one.seed() == other.seed()
