"""Partners that are always up."""

import math

from sim.availability.always import Always
from sim.streams import stream


def test_one_phase_without_end() -> None:
    rng = stream(0, "availability")
    assert list(Always().phases("p0", rng)) == [(True, math.inf)]
    assert rng.random() == stream(0, "availability").random()  # nothing was drawn
