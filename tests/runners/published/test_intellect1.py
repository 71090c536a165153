"""INTELLECT-1: both utilisations, and the link that takes the published time."""

from pathlib import Path

import pytest
from omegaconf import OmegaConf

from runners.published.intellect1 import Intellect1
from runners.published.simulation import Access, allreduce_case, simulate
from runners.reproduce import build_table

CONF = Path(__file__).parents[3] / "conf" / "published" / "intellect1.yaml"


def table(**changes: object) -> Intellect1:
    node = OmegaConf.to_container(OmegaConf.load(CONF))
    assert isinstance(node, dict)
    built = build_table(node | changes)
    assert isinstance(built, Intellect1)
    return built


def test_both_utilisations_are_within_half_a_point() -> None:
    figures = list(table().figures())
    assert [one.published for one in figures] == [95.7, 85.6]
    assert all(one.is_held for one in figures)
    # 38 min of steps and 103 or 382 s of allreduce: 2280 / 2383 and 2280 / 2662
    assert [one.simulated for one in figures] == pytest.approx([95.678, 85.650], abs=1e-3)


@pytest.mark.parametrize("allreduce_sim_s", [103.0, 382.0])
def test_the_link_takes_the_published_time(allreduce_sim_s: float) -> None:
    bytes_per_s = table().bytes_per_s(allreduce_sim_s)
    access = Access(bytes_per_s=bytes_per_s, latency_sim_s=0.0)
    total_sim_s = simulate(allreduce_case(14, 10**10, "ring", access)).total_sim_s
    assert total_sim_s == pytest.approx(allreduce_sim_s, rel=1e-9)


def test_usa_needs_about_a_gbit_per_second() -> None:
    # 2 * 13/14 * 1e10 bytes in 103 s
    assert table().bytes_per_s(103.0) == pytest.approx(180.3e6, rel=1e-3)


def test_the_number_of_partners_does_not_matter() -> None:
    two, many = (
        [one.simulated for one in table(num_partners=number).figures()] for number in (2, 14)
    )
    assert two == pytest.approx(many, rel=1e-9)
