"""Batches are cut from shuffled passes, one after another."""

import numpy as np
import pytest

from runners.learner.batches import Batches

SAMPLES = np.array([3, 5, 7, 11, 13, 17, 19])


def draw(samples: np.ndarray, counts: list[int], seed: int = 0) -> list[list[int]]:
    batches = Batches(samples, np.random.default_rng(seed))
    return [batches.take(count).tolist() for count in counts]


@pytest.mark.parametrize("counts", [[7, 7, 7], [3] * 7, [5, 2, 10, 4], [21]])
def test_every_pass_covers_all_samples_once(counts: list[int]) -> None:
    drawn = [sample for batch in draw(SAMPLES, counts) for sample in batch]
    passes = [drawn[start : start + 7] for start in (0, 7, 14)]
    assert [sorted(one) for one in passes] == [SAMPLES.tolist()] * 3
    assert passes[0] != passes[1] != passes[2]  # each is a new shuffle


def test_a_batch_reaches_over_the_end_of_a_pass() -> None:
    first, second = draw(SAMPLES, [5, 5])
    assert set(first) | set(second[:2]) == set(SAMPLES.tolist())
    assert len(second) == 5


def test_a_shard_smaller_than_a_batch_is_used_several_times() -> None:
    (batch,) = draw(SAMPLES[:2], [5])
    assert [sorted(batch[:2]), sorted(batch[2:4])] == [[3, 5], [3, 5]]
    assert len(batch) == 5


def test_how_batches_are_cut_does_not_change_the_order() -> None:
    fours, twos = draw(SAMPLES, [4] * 6), draw(SAMPLES, [2] * 12)
    assert np.concatenate(fours).tolist() == np.concatenate(twos).tolist()
    assert draw(SAMPLES, [7]) != draw(SAMPLES, [7], seed=1)
