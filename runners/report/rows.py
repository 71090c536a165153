"""Owns the CSV files of a report, unscaled: one row per mode, per difference, per run."""

from typing import Any

import pandas as pd

from runners.report.compare import Comparison, Difference, Summary
from runners.report.files import write_text
from runners.report.load import Sweep
from runners.report.quantities import QUANTITIES


def write_csv_files(sweep: Sweep, comparison: Comparison) -> None:
    """Write `summary.csv`, `differences.csv` and `runs.csv` into the sweep's folder."""
    tables = {
        "summary.csv": pd.DataFrame([_summary_row(summary) for summary in comparison.summaries]),
        "differences.csv": pd.DataFrame(
            [_difference_row(difference) for difference in comparison.differences],
            columns=_DIFFERENCE_COLUMNS,
        ),
        "runs.csv": sweep.runs,
    }
    for name, table in tables.items():
        write_text(sweep.folder / name, table.to_csv(index=False, lineterminator="\n"))


_DIFFERENCE_COLUMNS = (
    "label", "baseline", "quantity", "compared_as", "value", "low", "high",
    "p_value", "num_seeds", "note",
)  # fmt: skip


def _summary_row(summary: Summary) -> dict[str, Any]:
    row: dict[str, Any] = {
        "label": summary.label,
        "num_runs": summary.num_runs,
        "num_finished": summary.num_finished,
        "num_missed_target": max(estimate.num_missed for estimate in summary.estimates.values()),
    }
    for quantity in QUANTITIES:
        estimate = summary.estimates[quantity.column]
        row[f"{quantity.column}_mean"] = estimate.mean
        row[f"{quantity.column}_half_width"] = estimate.half_width
        row[f"{quantity.column}_num_values"] = estimate.num_values
    return row


def _difference_row(difference: Difference) -> tuple[Any, ...]:
    mean = difference.mean
    return (
        difference.label,
        difference.baseline,
        difference.quantity.column,
        "ratio" if difference.is_ratio else "difference",
        mean.value,
        mean.low,
        mean.high,
        mean.p_value,
        difference.num_seeds,
        mean.note,
    )
