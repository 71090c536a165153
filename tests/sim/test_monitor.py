import numpy as np

from sim.learner import Feedback
from sim.monitor import Monitor


def test_utility_is_that_of_all_batches() -> None:
    """9 samples, losses 1, 1 and 4: the mean is 2, Oort's utility 9 √((1 + 1 + 16) / 3) = 22."""
    monitor = Monitor([5, 9])
    told = Feedback(partner=1, train_loss=2.0, mean_square_loss=6.0, update_norm=1.0)
    monitor.saw_feedback([told])
    sight = monitor.sight(1)
    np.testing.assert_array_equal(sight.train_loss, [np.nan, 2.0])
    np.testing.assert_allclose(sight.utility, [np.nan, 9 * 6**0.5])


def test_who_stays_was_not_chosen() -> None:
    monitor = Monitor([5, 9, 7])
    monitor.saw_leaving([0, 1])
    monitor.saw_staying([1])
    assert monitor.sight(1).num_chosen.tolist() == [1, 0, 0]
    assert monitor.sight(1).in_flight.tolist() == [True, False, False]


def test_values_are_smoothed() -> None:
    """1 s, then 2 s: 1 + 0.3 × (2 − 1)."""
    monitor = Monitor([5])
    monitor.saw_computing(0, 4, 4.0)
    monitor.saw_computing(0, 2, 4.0)
    np.testing.assert_allclose(monitor.sight(1).step_sim_s, [1.3])
