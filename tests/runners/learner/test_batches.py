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


def test_going_on_from_a_state_is_as_if_never_stopped() -> None:
    batches = Batches(SAMPLES, np.random.default_rng(0), "shift")
    batches.take(4)
    state = batches.state()
    whole = batches.take(9).tolist(), batches.draws((2, 2)), batches.seed()
    other = Batches(SAMPLES, np.random.default_rng(1), "shift")
    other.take(1)
    other.restore(state)
    resumed = other.take(9).tolist(), other.draws((2, 2)), other.seed()
    assert whole[0] == resumed[0] and whole[2] == resumed[2]
    np.testing.assert_array_equal(whole[1], resumed[1])


def test_augmentation_has_three_numbers_for_each_sample() -> None:
    assert Batches(SAMPLES, np.random.default_rng(0)).draws((2, 4)) is None
    draws = Batches(SAMPLES, np.random.default_rng(0), "flip").draws((2, 4))
    assert draws is not None and draws.shape == (2, 4, 3)


def test_seeds_differ_from_batch_to_batch() -> None:
    batches = Batches(SAMPLES, np.random.default_rng(0))
    seeds = [batches.seed() for _ in range(10)]
    assert len(set(seeds)) == 10 and all(0 <= seed < 2**63 for seed in seeds)
