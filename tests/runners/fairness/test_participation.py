"""How evenly partners take part, worked by hand and counted in real protocols."""

import pytest

from runners.build import assemble, build
from runners.fairness.participation import CountingLearner, jain_index
from sim.learner.none import TimeOnly
from sim.world import World
from tests.runners.compose import compose

SMALL = ("learner=none", "task=digits_mlp", "partition=iid", "budget.num_evaluations=1")


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        ([5, 5, 5, 5], 1.0),
        ([7, 0, 0, 0], 1 / 4),
        ([3, 3, 0, 0], 1 / 2),
        ([1, 2, 3], 36 / (3 * 14)),  # 6² ÷ (3 (1 + 4 + 9))
        ([0.1], 1.0),
        ([0, 0], None),
    ],
)
def test_the_index_is_that_worked_by_hand(shares: list[float], expected: float | None) -> None:
    assert jain_index(shares) == pytest.approx(expected)


def num_times(*overrides: str) -> list[int]:
    """Return how often each partner's data went into the model."""
    setting, _ = assemble(build(compose(*SMALL, *overrides)))
    counting = CountingLearner(TimeOnly(), len(setting.consortium.partners))
    World(setting, counting, lambda fraction: None).run()
    return counting.num_times


def test_everyone_takes_part_in_every_sum() -> None:
    # 1,438 samples in batches of 4 × 32 a step: 12 steps, the last goes over the budget
    assert num_times("mode=partner/allreduce", "budget.num_epochs=1") == [12] * 4


def test_a_trainer_s_steps_count_for_all_whose_data_it_was_given() -> None:
    assert num_times("mode=pool", "budget.num_epochs=1") == [1] * 4


def test_those_who_are_not_chosen_do_not_count() -> None:
    chosen = num_times("mode=proxy/federated", "agent.num_participants=1", "budget.num_epochs=8")
    # 11,504 samples, 640 a round: 18 rounds of one partner each
    assert sum(chosen) == 18
    index = jain_index(chosen)
    assert index is not None and 1 / 4 < index < 1


def test_the_fast_are_merged_more_often_where_nobody_waits() -> None:
    north, *_, west = num_times("mode=proxy/fedbuff", "budget.num_epochs=20", "hardware=cpu_core")
    assert north > west > 0
