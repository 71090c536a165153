"""Files of availability are replayed, and refused with the line that is wrong."""

import math
from pathlib import Path

import pytest

from sim.availability.trace import Trace
from sim.streams import stream
from tests.sim.conftest import partner

HEADER = "time_sim_s,partner,is_up\n"


def trace(folder: Path, lines: str) -> Trace:
    path = folder / "up.csv"
    path.write_text(HEADER + lines)
    return Trace(file=str(path))


def phases(option: Trace, name: str) -> list[tuple[bool, float]]:
    return list(option.phases(partner(name), stream(0, "availability", name)))


def test_a_file_is_replayed(tmp_path: Path) -> None:
    option = trace(tmp_path, "5,a,0\n7,b,false\n20,a,1\n20,b,FALSE\n30,a,true\n90,a,0\n")
    option.check([partner(name) for name in ["a", "b", "c"]])
    # a is up until 5, down until 20, up (said twice) until 90, down for ever
    assert phases(option, "a") == [(True, 5), (False, 15), (True, 70), (False, math.inf)]
    assert phases(option, "b") == [(True, 7), (False, math.inf)]
    assert phases(option, "c") == [(True, math.inf)]


def test_a_partner_can_start_down(tmp_path: Path) -> None:
    option = trace(tmp_path, "0,a,0\n4,a,1\n")
    assert phases(option, "a") == [(False, 4), (True, math.inf)]


def test_the_example_fits_the_listed_scenario() -> None:
    option = Trace(file="example_trace.csv")
    option.check([partner(name) for name in ["north", "east", "south", "west"]])
    # down from 5 to 20 and from 60 to 90
    assert phases(option, "west") == [
        (True, 5),
        (False, 15),
        (True, 40),
        (False, 30),
        (True, math.inf),
    ]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("1,a,0\n2,z,1\n", "line 3: partner must be one of the 2 partners, such as a, b, got 'z'"),
        ("1,a,0\n1,a,1\n", "line 3: time_sim_s must be above 1.0, that of the partner's line bef"),
        ("-1,a,0\n", "line 2: time_sim_s must be finite and at least 0, got -1.0"),
        ("nan,a,0\n", "line 2: time_sim_s must be finite and at least 0, got nan"),
        ("soon,a,0\n", "line 2: time_sim_s must be a number such as 125e6, got 'soon'"),
        ("1,a,up\n", "line 2: is_up must be 0, 1, true or false, got 'up'"),
        ("1,,0\n", "line 2: partner must be given, got nothing"),
    ],
)
def test_names_the_line_that_is_wrong(tmp_path: Path, lines: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"up.csv, {message}"):
        trace(tmp_path, lines).check([partner(name) for name in ["a", "b"]])


def test_refuses_a_file_that_is_not_there() -> None:
    with pytest.raises(ValueError, match=r"availability.file must be a CSV file, got 'no.csv'"):
        Trace(file="no.csv").check([partner(name) for name in ["a"]])
