"""Owns the tables of a report: built once as text, shown by terminal, page and Markdown.

All durations in them are virtual seconds, scaled for reading by `units`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from rich import box
from rich.console import Console, JustifyMethod
from rich.markup import escape
from rich.table import Table as RichTable

from runners.report.compare import Comparison, Difference, Estimate, Summary
from runners.report.load import Sweep
from runners.report.quantities import (
    ANONYMITY,
    BYTES_TO_TARGET,
    EXPENSE,
    FAIRNESS,
    QUALITY,
    SPEED,
    TIME_TO_TARGET,
    Quantity,
)
from runners.report.units import (
    DASH,
    difference_unit,
    format_differences,
    format_estimate,
    format_p_value,
    format_ratio,
    format_value,
)

GROUPS = {
    "Quality": (QUALITY, "final models, held-out test set"),
    "Speed": (SPEED, "clock: virtual"),
    "Expense": (EXPENSE, "prices and powers: tariff"),
    "Anonymity": (ANONYMITY, "rows that passed the data proxy"),
    "Fairness": (FAIRNESS, "each partner on its own part of what is held out"),
}
"""The tables of figures: title, what they show, and a word on it."""

REFERENCES = {"solo": " (floor)", "pool": " (ceiling)"}


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table of text: the first column names a row, those after `num_text_columns` are numbers."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    num_text_columns: int = 1


def print_report(
    console: Console, sweep: Sweep, comparison: Comparison, answer: Sequence[str], report: Path
) -> None:
    """Print the answer, the tables, what did not finish, and last the report's file."""
    console.print()
    for sentence in answer:
        console.print(escape(sentence), highlight=False)
    summaries = summary_tables(sweep, comparison, without=BYTES_TO_TARGET)  # for 80 columns
    for table in (*summaries, differences_table(comparison)):
        if table.rows:
            console.print()
            print_table(console, table)
    for line in describe_unfinished(sweep):
        console.print(escape(line), style="red", highlight=False)
    console.print(f"\nreport: {escape(str(report))}", highlight=False, soft_wrap=True)


def summary_tables(
    sweep: Sweep, comparison: Comparison, *, without: Quantity | None = None
) -> list[Table]:
    """Return mean ± half width for every mode, a table for each group of figures.

    Figures that no run has are left out, so is `without`, and tables without a figure.
    """
    tables = []
    for title, (quantities, about) in GROUPS.items():
        candidates = [one for one in quantities if one is not without]
        shown = [one for one in candidates if _is_shown(sweep, comparison, one)]
        if shown:
            tables.append(
                Table(
                    title=title,
                    columns=("mode", "seeds", *(title_of(quantity, sweep) for quantity in shown)),
                    rows=tuple(_summary_row(summary, shown) for summary in comparison.summaries),
                    note=f"mean ± half width of the 95 % t interval; {about}",
                )
            )
    return tables


def _summary_row(summary: Summary, shown: Sequence[Quantity]) -> tuple[str, ...]:
    return (
        summary.label + REFERENCES.get(summary.label, ""),
        _num_seeds(summary),
        *(estimate_text(summary.estimates[quantity.column], quantity) for quantity in shown),
    )


def differences_table(comparison: Comparison) -> Table:
    """Return one row per mode and figure: how it differs from the baseline, seed by seed."""
    return Table(
        title=f"Differences from {comparison.baseline}, paired by seed",
        columns=("mode", "figure", "difference [95 % interval]", "p", "seeds", "reading"),
        rows=tuple(_difference_row(difference) for difference in comparison.differences),
        note="paired t; × is mode ÷ baseline (geometric mean); clock: virtual",
        num_text_columns=2,
    )


def title_of(quantity: Quantity, sweep: Sweep) -> str:
    """Return the heading of a figure, with the target accuracy when all runs share one."""
    if quantity is TIME_TO_TARGET and len(sweep.targets) == 1:
        return f"time to {format_value(sweep.targets[0], 'fraction').replace('.0 ', ' ')}"
    return quantity.title


def estimate_text(estimate: Estimate, quantity: Quantity) -> str:
    """Return `mean ± half width`; for a missed target how many seeds missed it."""
    if estimate.num_missed:
        return f"missed {estimate.num_missed} of {estimate.num_runs}"
    if estimate.mean is None:
        return DASH
    text = format_estimate(estimate.mean, estimate.half_width, quantity.unit)
    return text if estimate.num_values == estimate.num_runs else f"{text} (n={estimate.num_values})"


def describe_unfinished(sweep: Sweep) -> list[str]:
    """Return a line for every run that does not count: where, what happened, on which rank."""
    lines = [
        f"{row['status']}: {row['run']} ({row['label']}, seed {row['seed']})"
        f"{_on_rank(row['error_rank'])}: {row['error_message']}"
        for row in sweep.unfinished.to_dict("records")
    ]
    return lines + [f"interrupted: {run}: it left no record.json" for run in sweep.without_record]


def reading_of(difference: Difference) -> str:
    """Return what the interval lets one say: better, worse, or that it can't be told."""
    if difference.mean.value is None:
        return DASH
    if not difference.is_told:
        return "same" if difference.mean.low == difference.mean.high is not None else "not told"
    return "better" if difference.is_higher == difference.quantity.higher_is_better else "worse"


def print_table(console: Console, table: Table) -> None:
    """Print a table; a row's name that is that of the row above is left out."""
    shown = RichTable(
        title=escape(table.title),
        box=box.SIMPLE_HEAD,
        title_justify="left",
        pad_edge=False,
        collapse_padding=True,
    )
    for number, column in enumerate(table.columns):
        justify: JustifyMethod = "left" if number < table.num_text_columns else "right"
        shown.add_column(escape(column), justify=justify, no_wrap=number == 0, overflow="fold")
    previous = ""
    for row in table.rows:
        first = "" if row[0] == previous else row[0]
        previous = row[0]
        shown.add_row(*(escape(cell) for cell in (first, *row[1:])))
    console.print(shown)
    console.print(escape(table.note), style="italic dim", highlight=False)


def _is_shown(sweep: Sweep, comparison: Comparison, quantity: Quantity) -> bool:
    if quantity.needs_target:
        return bool(sweep.targets)
    means = [summary.estimates[quantity.column].mean for summary in comparison.summaries]
    return any(mean is not None and mean != quantity.hidden_at for mean in means)


def _num_seeds(summary: Summary) -> str:
    if summary.num_finished == summary.num_runs:
        return str(summary.num_finished)
    return f"{summary.num_finished} of {summary.num_runs}"


def _difference_row(difference: Difference) -> tuple[str, ...]:
    return (
        difference.label,
        difference.quantity.title,
        difference_text(difference),
        format_p_value(difference.mean.p_value),
        str(difference.num_seeds),
        reading_of(difference),
    )


def difference_text(difference: Difference) -> str:
    """Return `value unit [low to high]`, all in one unit; a note replaces empty bounds."""
    mean = difference.mean
    if mean.value is None:
        return f"{DASH} [{mean.note}]"
    values = (
        (mean.value,)
        if mean.low is None or mean.high is None
        else (mean.value, mean.low, mean.high)
    )
    value, *bounds = _numbers(difference, values)
    return f"{value}{_unit(difference, values)} [{mean.note or ' to '.join(bounds)}]"


def interval_text(difference: Difference) -> str:
    """Return the bounds of the interval with their unit; a note where there are none."""
    mean = difference.mean
    if mean.note or mean.low is None or mean.high is None:
        return mean.note
    bounds = (mean.low, mean.high)
    return " to ".join(_numbers(difference, bounds)) + _unit(difference, bounds)


def _numbers(difference: Difference, values: tuple[float, ...]) -> list[str]:
    if difference.is_ratio:
        return [format_ratio(value) for value in values]
    return format_differences(values, difference.quantity.unit)


def _unit(difference: Difference, values: tuple[float, ...]) -> str:
    return "" if difference.is_ratio else f" {difference_unit(values, difference.quantity.unit)}"


def _on_rank(rank: float | None) -> str:
    return "" if rank is None or pd.isna(rank) else f" on rank {int(rank)}"
