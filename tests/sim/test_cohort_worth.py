"""What cohorts are worth, worked by hand.

Of two labels the first partner has one, the second the other, and the third as much of each. Ten
steps are 20 on the one label (10 over a half), 20 on the other, and 10 on each.
"""

import numpy as np
import pytest

from sim.cohort_worth import Cohort, Taught, Works
from tests.sim.agent.views import view

COUNTS = np.array([[40.0, 0.0], [0.0, 40.0], [20.0, 20.0]])
BATCH_SIZE = 4


def works_of(taught: Taught, *partners: int, held: tuple[int, ...] = (40, 40, 40)) -> Works:
    return taught.works(view(3, {"num_samples": held}), np.array(partners))


def best_of(taught: Taught, number: int, *partners: int) -> Cohort:
    return taught.cohort(works_of(taught, *partners), len(partners), number)


def test_steps_on_a_label_count_over_its_part_of_all_data() -> None:
    works = works_of(Taught(COUNTS, BATCH_SIZE), 2, 0)
    np.testing.assert_allclose(works.steps, [[10, 10], [20, 0]])
    rare = Taught(np.array([[30.0, 0.0], [0.0, 10.0]]), BATCH_SIZE).works(view(2), np.arange(2))
    np.testing.assert_allclose(rare.steps, [[10 / 0.75, 0], [0, 10 / 0.25]])


def test_a_cohort_goes_after_the_labels_that_it_lacks() -> None:
    """All are worth the same at first, and the lowest is taken; then label 0 costs 1/21²."""
    found = best_of(Taught(COUNTS, BATCH_SIZE), 2, 0, 1, 2)
    assert found.chosen == [0, 1]
    np.testing.assert_allclose(found.steps, 2**0.8 * np.array([10.0, 10.0]))
    assert found.worth == pytest.approx(1 - 1 / (1 + 2**0.8 * 10))


def test_updates_weigh_by_the_data_held() -> None:
    """30 and 10 samples: three quarters of 20 steps, and one."""
    taught = Taught(COUNTS, BATCH_SIZE)
    found = taught.cohort(works_of(taught, 0, 1, 2, held=(30, 10, 40)), 3, 2)
    np.testing.assert_allclose(found.steps, 2**0.8 * np.array([15.0, 5.0]))


def test_what_was_taught_of_late_is_worth_less() -> None:
    """1 + 20 and 1, of which 9 in 10 are left: 18.9 and 0.9. A pass through 40 samples in 10 steps
    of 4 leaves 60/61 of the next 20.
    """
    taught = Taught(COUNTS, BATCH_SIZE)
    works = works_of(taught, 0, 1, 2)
    first = taught.cohort(works, 3, 1)
    assert (first.chosen, first.worth) == ([0], pytest.approx((1 - 1 / 21) / 2))
    taught.add(works, first)
    again = best_of(taught, 1, 0, 1, 2)
    assert (again.chosen, again.worth) == ([1], pytest.approx((1 / 0.9 - 1 / 20.9) / 2))
    alone = best_of(taught, 1, 0)
    steps = 20 * 60 / 61
    assert alone.worth == pytest.approx((1 / 18.9 - 1 / (18.9 + steps)) / 2)


def test_data_that_are_known_teach_less() -> None:
    """60 passes leave half of a step; those of others stay whole."""
    taught = Taught(COUNTS, BATCH_SIZE)
    for _ in range(60):
        works = works_of(taught, 2, 0)
        taught.add(works, taught.cohort(works, 1, 1))
    np.testing.assert_allclose(works_of(taught, 2, 0).steps, [[5, 5], [20, 0]])


def test_large_cohorts_are_put_together_in_five_steps() -> None:
    """Four of twenty at a time, by the same prices: partners of label 0 come first, though each of
    them makes the next one cheaper.
    """
    counts = np.array([[40.0, 0.0]] * 20 + [[0.0, 40.0]] * 20)
    taught = Taught(counts, BATCH_SIZE)
    works = taught.works(view(40), np.arange(40))
    found = taught.cohort(works, 40, 20)
    assert found.chosen[:8] == [0, 1, 2, 3, 20, 21, 22, 23]
    assert len(set(found.chosen)) == 20
    assert taught.cohort(works, 3, 20).chosen == [0, 1, 2]
