"""Populations from a file are what stands in it, and refused with the line that is wrong."""

from pathlib import Path

import pytest

from sim.consortium import Partner, Proxy
from sim.scenario.trace import Trace

PROXY = Proxy(
    uplink_bytes_per_s=1.0,
    downlink_bytes_per_s=1.0,
    latency_sim_s=0.0,
    num_replicas=2,
    num_workers=1,
    merge_bytes_per_s=1.0,
)
COLUMNS = "speed,uplink_bytes_per_s,downlink_bytes_per_s,latency_sim_s,data_share"


def trace(folder: Path, text: str, num_partners: int | None = None) -> Trace:
    path = folder / "population.csv"
    path.write_text(text)
    return Trace(file=str(path), num_partners=num_partners, proxy=PROXY)


def test_every_line_is_a_partner(tmp_path: Path) -> None:
    text = f"name,{COLUMNS},data_skew\nbank,2,10,20,0.5,3,4\n,1,10,20,0,1,\n"
    consortium = trace(tmp_path, text).consortium(0)
    assert consortium.proxy == PROXY
    assert consortium.partners == (
        Partner(
            name="bank",
            speed=2.0,
            uplink_bytes_per_s=10.0,
            downlink_bytes_per_s=20.0,
            latency_sim_s=0.5,
            data_share=3.0,
            data_skew=4.0,
            downtime=1.0,
        ),
        Partner(
            name="p1",
            speed=1.0,
            uplink_bytes_per_s=10.0,
            downlink_bytes_per_s=20.0,
            latency_sim_s=0.0,
            data_share=1.0,
            data_skew=1.0,
            downtime=1.0,
        ),
    )


def test_draws_are_even_with_replacement_and_by_seed(tmp_path: Path) -> None:
    text = COLUMNS + "\n1,1,1,0,1\n2,1,1,0,1\n4,1,1,0,1\n"
    option = trace(tmp_path, text, num_partners=3000)
    partners = option.consortium(0).partners
    assert [one.name for one in partners[:2]] == ["p0", "p1"]
    assert len({one.name for one in partners}) == 3000
    for speed in (1.0, 2.0, 4.0):  # 1000 each, standard deviation sqrt(3000 * 2/9) = 26
        assert sum(one.speed == speed for one in partners) == pytest.approx(1000, abs=130)
    assert option.consortium(0).partners == partners
    assert option.consortium(1).partners != partners


def test_the_example_is_a_consortium() -> None:
    option = Trace(file="example_population.csv", num_partners=None, proxy=PROXY)
    assert [one.name for one in option.consortium(0).partners][:2] == ["university", "bank"]
    assert len(option.consortium(0).partners) == 8


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (COLUMNS + "\n", "scenario.file must have at least one partner, got none in"),
        (COLUMNS + "\n1,1,1,0,1\n0,1,1,0,1\n", "csv, line 3: speed must be finite and above 0"),
        (COLUMNS + "\n1,fast,1,0,1\n", "csv, line 2: uplink_bytes_per_s must be a number"),
        (COLUMNS + ",gpus\n1,1,1,0,1,1\n", "csv, line 1: the columns must be speed,"),
        (
            COLUMNS + ",name\n1,1,1,0,1,a\n1,1,1,0,1,a\n",
            "csv, line 3: name must be of one partner alone, got 'a', which .*csv, line 2 has too",
        ),
    ],
)
def test_names_what_is_wrong(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        trace(tmp_path, text).consortium(0)


def test_refuses_no_partners() -> None:
    with pytest.raises(ValueError, match="num_partners must be at least 1, got 0; null takes"):
        Trace(file="example_population.csv", num_partners=0, proxy=PROXY)
