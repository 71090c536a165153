"""What a run costs, by hand."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.tariff import Tariff, Usage


def tariff(**changes: float) -> Tariff:
    values = {
        "usd_per_partner_hour": 0.0,
        "usd_per_proxy_hour": 0.0,
        "usd_per_gb": 0.0,
        "busy_watts": 0.0,
        "idle_watts": 0.0,
        "usd_per_kwh": 0.0,
    }
    return Tariff(**(values | changes))


USAGE = Usage(  # four partners for half an hour, a quarter of the time idle; two proxies
    partner_busy_sim_s=5400.0,
    partner_idle_sim_s=1800.0,
    total_sim_s=1800.0,
    num_proxies=2,
    sent_bytes=5e9,
)


@pytest.mark.parametrize(
    ("prices", "usd"),
    [
        ({"usd_per_partner_hour": 0.5}, 1.0),  # 4 * 0.5 h * 0.5
        ({"usd_per_proxy_hour": 0.3}, 0.3),  # 2 * 0.5 h * 0.3
        ({"usd_per_gb": 0.09}, 0.45),  # 5 * 0.09
        # 1.5 h * 200 W + 0.5 h * 100 W = 0.35 kWh, at 0.2
        ({"busy_watts": 200.0, "idle_watts": 100.0, "usd_per_kwh": 0.2}, 0.07),
        ({"usd_per_partner_hour": 0.5, "usd_per_proxy_hour": 0.3, "usd_per_gb": 0.09}, 1.75),
    ],
)
def test_price(prices: dict[str, float], usd: float) -> None:
    assert tariff(**prices).usd(USAGE) == pytest.approx(usd)


def test_energy() -> None:
    # 5400 s * 200 W + 1800 s * 50 W = 1,080,000 + 90,000
    assert tariff(busy_watts=200.0, idle_watts=50.0).energy_joules(USAGE) == 1_170_000


def test_a_mode_without_a_proxy_pays_none() -> None:
    without = Usage(**(vars(USAGE) | {"num_proxies": 0}))
    assert tariff(usd_per_proxy_hour=0.3).usd(without) == 0


@given(st.lists(st.tuples(*[st.floats(0, 1e6)] * 4), min_size=1, max_size=5), st.integers(0, 3))
def test_rounds_add_up_to_the_run(
    rounds: list[tuple[float, float, float, float]], num_proxies: int
) -> None:
    """A bill has no fixed part, so that a run's is the sum of its rounds'."""
    prices = tariff(
        usd_per_partner_hour=0.5,
        usd_per_proxy_hour=0.3,
        usd_per_gb=0.09,
        busy_watts=200.0,
        idle_watts=50.0,
        usd_per_kwh=0.2,
    )

    def usage(busy: float, idle: float, total: float, sent: float) -> Usage:
        return Usage(
            partner_busy_sim_s=busy,
            partner_idle_sim_s=idle,
            total_sim_s=total,
            num_proxies=num_proxies,
            sent_bytes=sent,
        )

    whole = usage(*[sum(column) for column in zip(*rounds, strict=True)])
    assert prices.usd(whole) == pytest.approx(sum(prices.usd(usage(*one)) for one in rounds))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"usd_per_gb": -0.1}, "usd_per_gb must be finite and at least 0, got -0.1"),
        ({"busy_watts": float("nan")}, "busy_watts must be finite and at least 0, got nan"),
        ({"busy_watts": 5.0, "idle_watts": 7.0}, "idle_watts must be at most busy_watts=5.0"),
    ],
)
def test_refuses_what_is_no_tariff(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        tariff(**changes)
