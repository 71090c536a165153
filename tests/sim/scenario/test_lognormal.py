"""Drawn populations have the distribution that their parameters say."""

import numpy as np
import pytest

from sim.consortium import Proxy
from sim.scenario.lognormal import Lognormal

PROXY = Proxy(
    uplink_bytes_per_s=1.0,
    downlink_bytes_per_s=1.0,
    latency_sim_s=0.0,
    num_workers=1,
    merge_bytes_per_s=1.0,
)


def lognormal(**changes: float) -> Lognormal:
    values = {
        "num_partners": 4000,
        "median_speed": 2.0,
        "speed_spread": 0.5,
        "median_bytes_per_s": 1e6,
        "bytes_per_s_spread": 1.0,
        "data_share_spread": 0.0,
        "latency_sim_s": 0.1,
    }
    return Lognormal(**(values | changes), proxy=PROXY)


def test_logarithms_are_normal_around_the_medians() -> None:
    partners = lognormal().consortium(0).partners
    for values, median, spread in [
        ([one.speed for one in partners], 2.0, 0.5),
        ([one.uplink_bytes_per_s for one in partners], 1e6, 1.0),
    ]:
        logs = np.log(values)
        assert logs.mean() == pytest.approx(np.log(median), abs=5 * spread / np.sqrt(4000))
        assert logs.std() == pytest.approx(spread, rel=0.06)
    assert {one.data_share for one in partners} == {1.0}


def test_a_seed_is_a_population() -> None:
    assert lognormal().consortium(1) == lognormal().consortium(1)
    assert lognormal().consortium(1) != lognormal().consortium(2)


def test_refuses_a_negative_spread() -> None:
    with pytest.raises(ValueError, match="speed_spread must be finite and at least 0, got -1"):
        lognormal(speed_spread=-1)
