"""Links follow a sine around their nominal bandwidth, for ever and in order of time."""

from itertools import islice, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.bandwidth.diurnal import Diurnal


def diurnal(**changes: float) -> Diurnal:
    values = {"amplitude": 0.5, "period_sim_s": 40.0, "step_sim_s": 10.0, "phase_spread": 0.0}
    return Diurnal(**(values | changes))


def first(
    number: int, option: Diurnal, nominal: dict[str, float], seed: int = 0
) -> list[tuple[float, str, float]]:
    return list(islice(option.changes(nominal, np.random.default_rng(seed)), number))


def test_links_in_step_follow_one_sine() -> None:
    # sin is 0, 1, 0, -1 at each quarter of the period, and 0 again at its end.
    assert first(10, diurnal(), {"a": 100.0, "b": 10.0}) == [
        (0.0, "a", 100.0),
        (0.0, "b", 10.0),
        (10.0, "a", 150.0),
        (10.0, "b", 15.0),
        (20.0, "a", pytest.approx(100.0)),
        (20.0, "b", pytest.approx(10.0)),
        (30.0, "a", 50.0),
        (30.0, "b", 5.0),
        (40.0, "a", pytest.approx(100.0)),
        (40.0, "b", pytest.approx(10.0)),
    ]


def test_phases_are_drawn_within_the_spread() -> None:
    nominal = dict.fromkeys(map(str, range(1000)), 1.0)
    at_start = [rate for _, _, rate in first(1000, diurnal(phase_spread=0.25), nominal)]
    # 1 + sin(2 pi u) / 2 for u uniform in [0, 1/4]: between 1 and 1.5, with mean 1 + 1 / pi; the
    # standard deviation of a draw is below 0.16, so that of the mean below 0.0051.
    assert min(at_start) >= 1.0
    assert max(at_start) <= 1.5
    assert np.mean(at_start) == pytest.approx(1 + 1 / np.pi, abs=5 * 0.0051)


def test_a_generator_is_a_set_of_phases() -> None:
    nominal = {"a": 100.0, "b": 100.0}
    option = diurnal(phase_spread=1.0)
    assert first(8, option, nominal, seed=1) == first(8, option, nominal, seed=1)
    assert first(8, option, nominal, seed=1) != first(8, option, nominal, seed=2)
    (_, _, a), (_, _, b) = first(2, option, nominal)
    assert a != b


@given(
    amplitude=st.floats(0, 0.99),
    steps_per_period=st.integers(4, 30),
    phase_spread=st.floats(0, 1),
    seed=st.integers(0, 99),
)
def test_time_never_runs_back_and_the_mean_over_a_period_is_nominal(
    amplitude: float, steps_per_period: int, phase_spread: float, seed: int
) -> None:
    option = diurnal(
        amplitude=amplitude, period_sim_s=10.0 * steps_per_period, phase_spread=phase_spread
    )
    changes = first(2 * steps_per_period, option, {"a": 100.0, "b": 7.0}, seed)
    assert all(before[0] <= after[0] for before, after in pairwise(changes))
    assert all(rate > 0 for _, _, rate in changes)
    for link, nominal in (("a", 100.0), ("b", 7.0)):
        rates = [rate for _, name, rate in changes if name == link]
        assert np.mean(rates) == pytest.approx(nominal)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"amplitude": 1.0}, "amplitude must be at least 0 and below 1, got 1.0"),
        ({"amplitude": float("nan")}, "amplitude must be at least 0 and below 1, got nan"),
        ({"period_sim_s": 0.0}, "period_sim_s must be finite and above 0, got 0"),
        ({"step_sim_s": 0.0}, "step_sim_s must be finite and above 0, got 0"),
        ({"step_sim_s": 11.0}, "step_sim_s must be at most a quarter .*40.0, got 11.0"),
        ({"phase_spread": 1.5}, "phase_spread must be between 0 and 1 period, got 1.5"),
    ],
)
def test_refuses_what_is_no_sine(change: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        diurnal(**change)
