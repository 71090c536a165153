"""Days are as long as they should be, and spread as they should be."""

from collections.abc import Iterator
from itertools import islice, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.availability.diurnal import Diurnal
from sim.streams import stream
from tests.sim.conftest import partner


def phases(seed: int = 0, **changes: float) -> Iterator[tuple[bool, float]]:
    values = {"period_sim_s": 24.0, "up_fraction": 0.25, "offset_spread": 0.0}
    return Diurnal(**(values | changes)).phases(partner("p0"), np.random.default_rng(seed))


def test_in_step_all_are_up_first() -> None:
    # 24 * 0.25 = 6 hours up, 18 down
    assert list(islice(phases(), 4)) == [(True, 6.0), (False, 18.0)] * 2


def test_offsets_are_spread_over_the_day() -> None:
    # up at time 0 is who is in the first quarter; of half a day's offsets that is one in two
    for spread, up in [(1.0, 0.25), (0.5, 0.5)]:
        first = [next(phases(seed, offset_spread=spread))[0] for seed in range(2000)]
        assert np.mean(first) == pytest.approx(up, abs=5 * 0.5 / np.sqrt(2000))


@given(st.integers(0, 1000), st.floats(0.01, 0.99), st.floats(0, 1))
def test_every_period_has_its_up_time(seed: int, up_fraction: float, spread: float) -> None:
    """Whatever the offset, a whole number of periods later the same state begins again."""
    some = list(islice(phases(seed, up_fraction=up_fraction, offset_spread=spread), 9))
    assert all(seconds >= 0 for _, seconds in some)
    for (one, one_s), (two, two_s) in pairwise(some[1:]):
        assert one is not two
        assert one_s + two_s == pytest.approx(24.0)
        assert (one_s if one else two_s) == pytest.approx(24.0 * up_fraction)
    # what the first phase has lost to the offset: never more than its own length
    assert some[0][1] <= 24.0 * (up_fraction if some[0][0] else 1 - up_fraction) + 1e-9


def test_one_number_is_drawn_whatever_the_spread() -> None:
    for spread in (0.0, 1.0):
        rng, other = stream(0, "test"), stream(0, "test")
        day = Diurnal(period_sim_s=24.0, up_fraction=0.25, offset_spread=spread)
        list(islice(day.phases(partner("p0"), rng), 5))
        other.random()
        assert rng.random() == other.random()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"period_sim_s": 0.0}, "period_sim_s must be finite and above 0, got 0.0"),
        ({"up_fraction": 1.0}, "up_fraction must be above 0 and below 1, got 1.0; take availab"),
        ({"up_fraction": 0.0}, "up_fraction must be above 0 and below 1, got 0.0"),
        ({"offset_spread": 1.5}, "offset_spread must be between 0 and 1 period, got 1.5"),
    ],
)
def test_refuses_what_is_no_day(changes: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        phases(**changes)
