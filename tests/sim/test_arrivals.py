"""When updates come, by hand: 10 steps of partners 0 to 3 take 40, 10, 30 and 20 s."""

import numpy as np
import pytest

from sim.arrivals import Arrivals
from sim.decision import Decision
from sim.view import View
from tests.sim.agent.views import view

STEP_SIM_S = [4.0, 1.0, 3.0, 2.0]


def shown(now_sim_s: float, *flying: int, step_sim_s: list[float] = STEP_SIM_S) -> View:
    in_flight = [one in flying for one in range(4)]
    return view(4, {"step_sim_s": step_sim_s, "in_flight": in_flight}, now_sim_s=now_sim_s)


def left(*times: tuple[float, Decision]) -> Arrivals:
    one = Arrivals()
    for now_sim_s, decision in times:
        one.leave(shown(now_sim_s), decision)
    return one


ZERO, THREE = Decision(partners=(0,)), Decision(partners=(3,))
TWO = Decision(partners=(2,), num_steps={2: 4})


@pytest.mark.parametrize(
    ("num_missing", "expected_sim_s"),
    [
        # left at 100 and back at 140, at 105 for 4 steps and back at 117, at 110 and back at 130
        (1, 7.0),
        (2, 20.0),
        # who takes the place at 117 is away for the median of 40, 12 and 20 s: back at 137
        (3, 27.0),
        (4, 30.0),
        # who takes the place at 130 is back at 150, who takes that at 137 at 157
        (5, 40.0),
        (6, 47.0),
    ],
)
def test_the_nth_comes_of_all_that_are_away(num_missing: int, expected_sim_s: float) -> None:
    one = left((100.0, ZERO), (105.0, TWO), (110.0, THREE))
    assert one.next_sim_s(shown(110.0, 0, 2), THREE, num_missing) == pytest.approx(expected_sim_s)


def test_who_has_come_back_is_not_expected() -> None:
    one = left((100.0, ZERO), (105.0, TWO), (110.0, THREE))
    assert one.next_sim_s(shown(110.0, 0), THREE, 1) == pytest.approx(20.0)


def test_who_is_late_is_expected_now() -> None:
    one = left((100.0, TWO), (150.0, ZERO))
    assert one.next_sim_s(shown(150.0, 2), ZERO, 1) == 0.0
    # the next in its place: the median of 12 and 40 s
    assert one.next_sim_s(shown(150.0, 2), ZERO, 2) == pytest.approx(26.0)


def test_who_has_not_been_seen_is_taken_to_be_as_the_others() -> None:
    one = left((100.0, THREE), (110.0, ZERO))
    some = [np.nan, 1.0, 3.0, 2.0]
    assert one.next_sim_s(shown(110.0, 3, step_sim_s=some), ZERO, 2) == pytest.approx(20.0)
    assert np.isnan(one.next_sim_s(shown(110.0, 3, step_sim_s=[np.nan] * 4), ZERO, 2))


def test_what_is_seen_meanwhile_counts() -> None:
    one = left((100.0, THREE), (110.0, ZERO))
    faster = shown(110.0, 3, step_sim_s=[4.0, 1.0, 3.0, 1.5])
    assert one.next_sim_s(faster, ZERO, 1) == pytest.approx(5.0)
