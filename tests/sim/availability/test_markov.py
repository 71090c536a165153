"""Random phases have the means and the start of the alternating renewal process."""

from itertools import islice, pairwise

import numpy as np
import pytest

from sim.availability.markov import Markov
from sim.streams import stream
from tests.sim.conftest import partner

NUM_DRAWS = 4000
MARKOV = Markov(mean_up_sim_s=30.0, mean_down_sim_s=10.0)


def test_phases_take_turns_and_are_exponential() -> None:
    phases = list(islice(MARKOV.phases(partner("p0"), stream(0, "test")), 2 * NUM_DRAWS))
    states = [is_up for is_up, _ in phases]
    assert all(one is not two for one, two in pairwise(states))
    for state, mean in [(True, 30.0), (False, 10.0)]:
        seconds = [seconds for is_up, seconds in phases if is_up is state]
        # an exponential's mean and standard deviation are equal; five standard errors
        assert np.mean(seconds) == pytest.approx(mean, rel=5 / np.sqrt(NUM_DRAWS))
        assert np.std(seconds) == pytest.approx(mean, rel=5 * np.sqrt(2 / NUM_DRAWS))


@pytest.mark.parametrize("time_sim_s", [0.0, 5.0, 100.0])
def test_the_start_is_like_any_other_moment(time_sim_s: float) -> None:
    # up for 30 / (30 + 10) = 3/4 of the time; standard error sqrt(3/16 / 4000) = 0.007
    up = [is_up_at(time_sim_s, seed) for seed in range(NUM_DRAWS)]
    assert np.mean(up) == pytest.approx(0.75, abs=0.035)


def is_up_at(time_sim_s: float, seed: int) -> bool:
    end_sim_s = 0.0
    for is_up, seconds in MARKOV.phases(partner("p0"), np.random.default_rng(seed)):
        end_sim_s += seconds
        if end_sim_s > time_sim_s:
            return is_up
    raise AssertionError("phases go on for ever")


@pytest.mark.parametrize("name", ["mean_up_sim_s", "mean_down_sim_s"])
def test_refuses_what_is_no_mean(name: str) -> None:
    values = {"mean_up_sim_s": 1.0, "mean_down_sim_s": 1.0, name: 0.0}
    with pytest.raises(ValueError, match=f"{name} must be finite and above 0, got 0.0"):
        Markov(**values)


def test_downtime_scales_the_mean_time_down() -> None:
    slow = partner("p0", downtime=3.0)
    phases = list(islice(MARKOV.phases(slow, stream(0, "test")), 2 * NUM_DRAWS))
    down = [seconds for is_up, seconds in phases if not is_up]
    assert np.mean(down) == pytest.approx(30.0, rel=5 / np.sqrt(NUM_DRAWS))
    starts = [next(MARKOV.phases(slow, stream(seed, "test")))[0] for seed in range(1000)]
    assert np.mean(starts) == pytest.approx(0.5, abs=0.08)  # 30 up, 3 x 10 down
