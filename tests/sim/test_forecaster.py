"""Forecasts by hand, of four partners whose 10 steps take 40, 10, 30 and 20 s."""

import math
from statistics import median

import numpy as np
import pytest

from sim.decision import Decision
from sim.forecaster import Forecaster
from sim.learner import Feedback
from tests.sim.agent.views import view
from tests.sim.test_deciding import answered, world

SPEEDS = {"step_sim_s": [4.0, 1.0, 3.0, 2.0]}
CHOSEN = Decision(partners=(1, 2))


def told(loss: float) -> list[Feedback]:
    return [Feedback(partner=1, train_loss=loss, mean_square_loss=loss**2, update_norm=1.0)]


def test_a_round_lasts_as_long_as_its_slowest() -> None:
    forecast = Forecaster().predict(view(4, SPEEDS), CHOSEN, None)
    assert (forecast.since_sim_s, forecast.took_sim_s, forecast.low_sim_s) == (100.0, 30.0, None)


def test_what_is_decided_counts() -> None:
    """Partner 2 takes 4 steps, 12 s, and partner 1 its 10 s; 400 bytes at level 1 take 2 s."""
    shorter = Decision(partners=(1, 2), num_steps={2: 4})
    assert Forecaster().predict(view(4, SPEEDS), shorter, None).took_sim_s == 12.0
    sight = SPEEDS | {"up_bytes_per_s": [100.0] * 4}
    coarser = Decision(partners=(1,), compression=1)
    shown = view(4, sight, up_bytes_at=(400.0, 200.0))
    assert (
        Forecaster().predict(shown, coarser, None).took_sim_s == 16.0 - 4.0
    )  # 10 + 2 s, none down


def test_a_deadline_ends_a_round() -> None:
    assert Forecaster().predict(view(4, SPEEDS), CHOSEN, 25.0).took_sim_s == 25.0
    assert Forecaster().predict(view(4, SPEEDS), CHOSEN, 35.0).took_sim_s == 30.0
    unseen = view(4, {"step_sim_s": [np.nan] * 4})
    assert Forecaster().predict(unseen, CHOSEN, 25.0).took_sim_s == 25.0
    assert Forecaster().predict(unseen, CHOSEN, None).took_sim_s is None


def test_it_learns_how_much_longer_rounds_take() -> None:
    """Rounds of 30 s that take 33, 36, 39, 42 and 45 s: 1.3 times in the median."""
    one = Forecaster()
    for took_sim_s in (33.0, 36.0, 39.0, 42.0, 45.0):
        one.predict(view(4, SPEEDS), CHOSEN, None)
        one.learn(100.0 + took_sim_s, [])
    assert one.predict(view(4, SPEEDS), CHOSEN, None).took_sim_s == pytest.approx(39.0)


def test_the_interval_goes_by_how_far_forecasts_were_off() -> None:
    """Of 20 rounds 19 count, as the first had no factor; the median of the factors is 1 throughout.
    The largest, 1.2 times, and the smallest, 0.9 times, are the ends.
    """
    one = Forecaster()
    for took_sim_s in [30.0] * 18 + [36.0]:
        one.predict(view(4, SPEEDS), CHOSEN, None)
        one.learn(100.0 + took_sim_s, [])
    assert one.predict(view(4, SPEEDS), CHOSEN, None).low_sim_s is None
    one.learn(127.0, [])
    forecast = one.predict(view(4, SPEEDS), CHOSEN, None)
    assert forecast.took_sim_s == pytest.approx(30.0)
    assert (forecast.low_sim_s, forecast.high_sim_s) == pytest.approx((27.0, 36.0), rel=1e-5)


def test_a_loss_that_halves_goes_on_halving() -> None:
    one = Forecaster()
    for number in range(5):
        assert one.predict(view(4, SPEEDS), CHOSEN, None).train_loss is None
        one.learn(130.0, told(0.5**number))
    assert one.predict(view(4, SPEEDS), CHOSEN, None).train_loss == pytest.approx(0.5**5)


def test_rounds_are_expected_as_they_go() -> None:
    """Nothing varies: from the third round on, when queues are known, forecasts are right."""
    rounds = answered(world("variability=none", "budget.num_epochs=4"))[1].rounds
    assert len(rounds) > 6
    assert rounds[0].forecast is None
    assert rounds[1].forecast is not None and rounds[1].forecast.took_sim_s is None
    for one in rounds[3:]:
        assert one.forecast is not None
        assert one.forecast.since_sim_s == one.start_sim_s
        took_sim_s = one.end_sim_s - one.start_sim_s
        assert one.forecast.took_sim_s == pytest.approx(took_sim_s, rel=1e-3)


@pytest.mark.parametrize(
    "settings",
    [
        ("mode=proxy/federated", "agent.num_participants=3"),
        ("mode=proxy/fedbuff", "mode.concurrency=4", "mode.buffer_size=3"),
    ],
)
def test_nine_of_ten_rounds_are_within_their_interval(settings: tuple[str, ...]) -> None:
    downtimes = ("availability=markov", "availability.mean_up_sim_s=5.0")
    downtimes += ("availability.mean_down_sim_s=1.0", "fault=stragglers")
    size = ("scenario.num_partners=8", "budget.num_epochs=8", "trace_level=rounds")
    rounds = world(*settings, *downtimes, *size, asks_outside=False).run().rounds
    hits = [
        one.forecast.low_sim_s <= one.end_sim_s - one.forecast.since_sim_s <= high_sim_s
        for one in rounds
        if one.forecast and one.forecast.low_sim_s and (high_sim_s := one.forecast.high_sim_s)
    ]
    assert len(hits) > 200
    assert 0.87 <= sum(hits) / len(hits) <= 0.93


def test_merges_are_expected_where_nobody_waits() -> None:
    """Four unequal partners who are always away, two updates a step; nothing varies but queues and
    shared lines. Each round is predicted when it begins.
    """
    settings = ("mode=proxy/fedbuff", "mode.concurrency=4", "mode.buffer_size=2")
    settings += ("variability=none", "budget.num_epochs=4", "mode.local_steps=100")
    rounds = world(*settings, asks_outside=False).run().rounds
    assert rounds[0].forecast is None
    errors = []
    for one in rounds[3:]:
        assert one.forecast is not None and one.forecast.took_sim_s is not None
        assert one.forecast.since_sim_s == one.start_sim_s
        errors.append(abs(one.forecast.took_sim_s / (one.end_sim_s - one.start_sim_s) - 1))
    assert median(errors) < 0.01


def test_who_is_late_takes_fewer_steps() -> None:
    """A deadline between what the slowest and the second slowest take: without heed the slowest is
    dropped, with it, it takes part with fewer steps.
    """
    settings = ("mode.local_steps=40", "budget.num_epochs=4", "variability=none")
    whole = answered(world(*settings))[1].rounds[1]
    deadline = f"mode.deadline_sim_s={whole.end_sim_s * 0.9}"
    plain = answered(world(*settings, deadline))[1].rounds[1]
    heeding = answered(world(*settings, deadline, "mode.heeds_forecast=true"))[1].rounds[1]
    assert plain.num_dropped > heeding.num_dropped == 0
    assert plain.num_samples < heeding.num_samples < whole.num_samples
    assert heeding.end_sim_s <= whole.end_sim_s * 0.9 * (1 + 1e-9)


def test_who_is_in_time_does_as_it_is_asked() -> None:
    settings = ("variability=none", "budget.num_epochs=4")
    plain = answered(world(*settings))[1].rounds
    heeding = answered(world(*settings, "mode.heeds_forecast=true"))[1].rounds
    assert [one.num_samples for one in heeding] == [one.num_samples for one in plain]
    assert math.isclose(heeding[-1].end_sim_s, plain[-1].end_sim_s)
