"""Drawn populations have the distribution that their parameters say."""

from dataclasses import replace

import numpy as np
import pytest

from sim.consortium import Proxy
from sim.scenario.lognormal import Lognormal

PROXY = Proxy(
    uplink_bytes_per_s=1.0,
    downlink_bytes_per_s=1.0,
    latency_sim_s=0.0,
    num_replicas=1,
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
        "data_skew_spread": 0.0,
        "speed_skew_correlation": 0.0,
        "downtime_spread": 0.0,
        "speed_downtime_correlation": 0.0,
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
    assert {one.data_share for one in partners} == {one.data_skew for one in partners} == {1.0}


def test_a_seed_is_a_population() -> None:
    assert lognormal().consortium(1) == lognormal().consortium(1)
    assert lognormal().consortium(1) != lognormal().consortium(2)


@pytest.mark.parametrize("rho", [-1.0, -0.6, 0.0, 0.3, 1.0])
@pytest.mark.parametrize("name", ["skew", "downtime"])
def test_speed_has_the_correlation(name: str, rho: float) -> None:
    field = {"skew": "data_skew"}.get(name, name)
    changes = {f"{field}_spread": 0.8, f"speed_{name}_correlation": rho}
    partners = lognormal(**changes, bytes_per_s_spread=0.2).consortium(0).partners
    logs = np.log([[one.speed, getattr(one, field), one.uplink_bytes_per_s] for one in partners])
    # the sample correlation of n normal pairs has standard error (1 - rho^2) / sqrt(n)
    correlations = np.corrcoef(logs.T)
    assert correlations[0, 1] == pytest.approx(rho, abs=5 * (1 - rho**2) / np.sqrt(4000) + 1e-9)
    assert correlations[1, 2] == pytest.approx(0, abs=5 / np.sqrt(4000))
    assert logs[:, 1].std() == pytest.approx(0.8, rel=0.06)
    assert logs[:, 1].mean() == pytest.approx(0, abs=5 * 0.8 / np.sqrt(4000))


def test_a_skew_changes_nothing_else() -> None:
    plain = lognormal().consortium(3).partners
    skewed = lognormal(data_skew_spread=0.8, speed_skew_correlation=0.5).consortium(3).partners
    assert [replace(one, data_skew=1.0) for one in skewed] == list(plain)


def test_downtimes_and_skews_are_drawn_by_themselves() -> None:
    both = lognormal(data_skew_spread=0.8, downtime_spread=0.8).consortium(3).partners
    logs = np.log([[one.data_skew, one.downtime] for one in both])
    assert np.corrcoef(logs.T)[0, 1] == pytest.approx(0, abs=5 / np.sqrt(4000))


def test_draws_stay_what_they_are_from_version_to_version() -> None:
    first, second = lognormal(num_partners=2, data_share_spread=0.5).consortium(0).partners
    assert first.speed == pytest.approx(2.099830504482844, rel=1e-12)
    assert first.uplink_bytes_per_s == pytest.approx(978589.8506440816, rel=1e-12)
    assert second.data_share == pytest.approx(0.6328834311016086, rel=1e-12)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"speed_spread": -1}, "speed_spread must be finite and at least 0, got -1"),
        ({"data_skew_spread": -1}, "data_skew_spread must be finite and at least 0, got -1"),
        (
            {"speed_skew_correlation": 1.5, "data_skew_spread": 1},
            "speed_skew_correlation must be between -1 and 1, got 1.5",
        ),
        (
            {"speed_downtime_correlation": 0.5},
            "speed_downtime_correlation must be 0 where downtime_spread is 0, got 0.5",
        ),
        (
            {"speed_skew_correlation": 0.5},
            "speed_skew_correlation must be 0 where data_skew_spread is 0, got 0.5",
        ),
        (
            {"speed_skew_correlation": 0.5, "data_skew_spread": 1, "speed_spread": 0},
            "speed_skew_correlation must be 0 where speed_spread is 0, got 0.5",
        ),
    ],
)
def test_refuses_what_is_no_population(changes: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        lognormal(**changes)
