"""Tolerances by hand, and figures as text."""

from pathlib import Path

import pandas as pd
import pytest

from runners.published import Figure, Tolerance
from runners.published.table import figures_table, verdict, write_figures


def figure(kind: str, limit: float, published: float, simulated: float) -> Figure:
    return Figure(
        row="first row",
        quantity="speed",
        unit="m/s",
        published=published,
        simulated=simulated,
        tolerance=Tolerance(kind=kind, limit=limit),
    )


@pytest.mark.parametrize(
    ("kind", "limit", "published", "simulated", "error", "is_held"),
    [
        ("absolute", 0.03, 0.9, 0.88, -0.02, True),
        ("absolute", 0.03, 0.9, 0.94, 0.04, False),
        ("relative", 0.05, 200.0, 191.0, -0.045, True),
        ("relative", 0.05, 200.0, 211.0, 0.055, False),
        ("ratio", 1.25, 8.0, 10.0, 0.25, True),
        ("ratio", 1.25, 8.0, 6.4, -0.2, True),
        ("ratio", 1.25, 8.0, 6.3, -0.2125, False),
    ],
)
def test_tolerances(
    kind: str, limit: float, published: float, simulated: float, error: float, is_held: bool
) -> None:
    one = figure(kind, limit, published, simulated)
    assert one.error == pytest.approx(error)
    assert one.is_held is is_held


def test_rows_of_text() -> None:
    figures = [
        figure("absolute", 0.03, 0.9, 0.87654),
        figure("relative", 0.05, 12345.0, 13000.0),
        figure("ratio", 1.21, 8.0, 8.0),
    ]
    assert [row[1:] for row in figures_table("made up", figures).rows] == [
        ("speed (m/s)", "0.9", "0.8765", "−0.0235", "±0.03", "held"),
        ("speed (m/s)", "12,345", "13,000", "+5.31 %", "±5 %", "missed"),
        ("speed (m/s)", "8", "8", "+0 %", "÷ or × 1.21", "held"),
    ]
    assert verdict(figures) == "2 of 3 figures held; missed: first row, speed"


def test_files_hold_every_digit_and_every_parameter(tmp_path: Path) -> None:
    one = figure("absolute", 0.03, 0.9, 0.8765432109876)
    write_figures(tmp_path, "made_up", {"sigma": 0.01}, "About it.", [one])
    (row,) = pd.read_csv(tmp_path / "figures.csv").to_dict("records")
    assert row["simulated"] == one.simulated
    assert row["error"] == one.error
    assert row["is_held"]
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "| first row | speed (m/s) | 0.9 | 0.8765 | −0.0235 | ±0.03 | held |" in text
    assert "`python -m runners.reproduce +experiment=made_up`: 1 of 1 figures held." in text
    assert "About it." in text and "sigma: 0.01" in text


def test_a_kind_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="kind must be one of absolute, relative, ratio"):
        Tolerance(kind="about", limit=1.0)
