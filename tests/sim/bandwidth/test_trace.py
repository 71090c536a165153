"""A trace is replayed line by line, and checked before it starts."""

from pathlib import Path

import numpy as np
import pytest

from sim.bandwidth.trace import Trace

NOMINAL = {f"{name}.{way}": 100.0 for name in ("a", "b", "c", "d") for way in ("up", "down")}
HEAD = "time_sim_s,link,bytes_per_s\n"


def changes(text: str, path: Path) -> list[tuple[float, str, float]]:
    (path / "trace.csv").write_text(text, encoding="utf-8")
    trace = Trace(file=str(path / "trace.csv"))
    return list(trace.changes(NOMINAL, np.random.default_rng(0)))


def test_lines_come_in_order(tmp_path: Path) -> None:
    text = HEAD + "0,a.up,50\n2.5,b.down,25\n2.5,a.up,100\n"
    assert changes(text, tmp_path) == [
        (0.0, "a.up", 50.0),
        (2.5, "b.down", 25.0),
        (2.5, "a.up", 100.0),
    ]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("1,a.up,5\n0.5,b.up,5\n", "line 3: time_sim_s must be at least 1.0, .* got 0.5"),
        ("-1,a.up,5\n", "line 2: time_sim_s must be finite and at least 0, got -1"),
        ("inf,a.up,5\n", "line 2: time_sim_s must be finite"),
        ("0,a.up,0\n", "line 2: bytes_per_s must be finite and above 0, got 0.0; .* fault"),
        ("0,a,5\n", "line 2: link must be one of the 8 links, such as a.up, a.down, .* got 'a'"),
        ("soon,a.up,5\n", "line 2: time_sim_s must be a number"),
    ],
)
def test_refuses_what_can_not_be_replayed(tmp_path: Path, lines: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        changes(HEAD + lines, tmp_path)


def test_errors_come_before_the_first_change(tmp_path: Path) -> None:
    (tmp_path / "trace.csv").write_text(HEAD + "0,a.up,5\n1,nobody.up,5\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"got 'nobody\.up'"):
        Trace(file=str(tmp_path / "trace.csv")).changes(NOMINAL, np.random.default_rng(0))


def test_the_shipped_example_is_for_access_links_of_the_listed_scenario() -> None:
    nominal = {f"{name}.{way}": 1.0 for name in ("north", "west") for way in ("up", "down")}
    replayed = Trace(file="example_trace.csv").changes(nominal, np.random.default_rng(0))
    assert next(replayed) == (0.0, "north.up", 125e6)


def test_a_missing_file_is_named() -> None:
    with pytest.raises(ValueError, match=r"bandwidth\.file must be .* example_trace\.csv"):
        Trace(file="no.csv").changes(NOMINAL, np.random.default_rng(0))
