"""Partners that are always up."""

import math

import pytest

from sim.availability.always import Always
from sim.availability.diurnal import Diurnal
from sim.streams import stream
from tests.sim.conftest import partner


def test_one_phase_without_end() -> None:
    rng = stream(0, "availability")
    assert list(Always().phases(partner("p0"), rng)) == [(True, math.inf)]
    assert rng.random() == stream(0, "availability").random()  # nothing was drawn


@pytest.mark.parametrize(
    "option", [Always(), Diurnal(period_sim_s=9, up_fraction=0.5, offset_spread=0)]
)
def test_a_downtime_that_nobody_scales_is_refused(option: Always | Diurnal) -> None:
    option.check([partner("a"), partner("b")])
    with pytest.raises(ValueError, match=r"all downtime must be 1, got 1 to 2;.*=markov"):
        option.check([partner("a"), partner("b", downtime=2.0)])
