"""Owns how reproduced figures are shown and written: terminal, Markdown and CSV.

In: figures as they were simulated. Out: `figures.csv`, nothing rounded, and `report.md`, which says
how to get it again, what was chosen and why, and which figures are held.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console

from runners.published import Figure, Tolerance
from runners.report.files import write_text
from runners.report.table import Table, print_table

MIN_WIDTH = 100
"""Characters that a row needs; a pipe does not say how many it has."""

COLUMNS = (
    *("row", "quantity", "unit", "published", "simulated", "error"),
    *("tolerance_kind", "tolerance", "is_held"),
)


def write_figures(
    folder: Path, name: str, options: Mapping[str, Any], about: str, figures: Sequence[Figure]
) -> None:
    """Write both files of the published table `name` into `folder`."""
    write_text(folder / "figures.csv", _csv(figures))
    write_text(folder / "report.md", _markdown(name, options, about, figures))


def print_figures(console: Console, name: str, figures: Sequence[Figure]) -> None:
    """Print the table and how many figures are held."""
    console.print()
    console.width = max(console.width, MIN_WIDTH)
    print_table(console, figures_table(name, figures))
    console.print(verdict(figures), highlight=False)


def verdict(figures: Sequence[Figure]) -> str:
    """Return how many figures are held, and which ones are not."""
    missed = [f"{one.row}, {one.quantity}" for one in figures if not one.is_held]
    held = f"{len(figures) - len(missed)} of {len(figures)} figures held"
    return f"{held}; missed: {'; '.join(missed)}" if missed else held


def figures_table(name: str, figures: Sequence[Figure]) -> Table:
    """Return the table as text."""
    return Table(
        title=f"Published figures: {name}",
        columns=("row", "figure", "published", "simulated", "error", "tolerance", ""),
        rows=tuple(_row(figure) for figure in figures),
        note="error: simulated − published, or simulated ÷ published − 1 where it is in %",
        num_text_columns=2,
    )


def _row(figure: Figure) -> tuple[str, ...]:
    return (
        figure.row,
        f"{figure.quantity} ({figure.unit})" if figure.unit else figure.quantity,
        _number(figure.published),
        _number(figure.simulated),
        _error(figure),
        _tolerance(figure.tolerance),
        "held" if figure.is_held else "missed",
    )


def _number(value: float) -> str:
    """Return a number with up to 4 digits, or all of its whole part."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def _error(figure: Figure) -> str:
    is_absolute = figure.tolerance.kind == "absolute"
    error = figure.error if is_absolute else 100 * figure.error
    text = f"{error:+.0e}" if 0 < abs(error) < 1e-3 else f"{error:+.3g}"
    return _signed(text if is_absolute else f"{text} %")


def _signed(text: str) -> str:
    return text.replace("-", "−")


def _tolerance(tolerance: Tolerance) -> str:
    if tolerance.kind == "absolute":
        return f"±{tolerance.limit:g}"
    if tolerance.kind == "relative":
        return _signed(f"±{100 * tolerance.limit:g} %")
    return f"÷ or × {tolerance.limit:.3g}"


def _csv(figures: Sequence[Figure]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in figures:
        limits = (one.tolerance.kind, one.tolerance.limit, one.is_held)
        values = (one.published, one.simulated, one.error)
        writer.writerow((one.row, one.quantity, one.unit, *values, *limits))
    return text.getvalue()


def _markdown(name: str, options: Mapping[str, Any], about: str, figures: Sequence[Figure]) -> str:
    table = figures_table(name, figures)
    rulers = [
        "---" if number < table.num_text_columns else "---:" for number in range(len(table.columns))
    ]
    lines = [_line(table.columns), _line(rulers), *(_line(row) for row in table.rows)]
    parameters = yaml.safe_dump(dict(options), sort_keys=False, allow_unicode=True)
    parts = (
        f"# {table.title}",
        f"`python -m runners.reproduce +experiment={name}`: {verdict(figures)}.",
        "\n".join(lines),
        table.note,
        "## What was simulated",
        about,
        "## Parameters, the same for all rows",
        f"```yaml\n{parameters}```",
    )
    return "\n\n".join(parts) + "\n"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
