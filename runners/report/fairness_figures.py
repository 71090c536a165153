"""Owns what a report shows of sensitive groups: how far each mode's models are apart between them.

In: a sweep, whose finished runs' records have `metrics.fairness`. Out: nothing where no data have
groups.
"""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from runners.report.compare import estimate_mean
from runners.report.load import Sweep
from runners.report.table import Table
from runners.report.units import DASH, format_estimate

GAPS = ("accuracy_gap", "demographic_parity_difference", "equalised_odds_difference")


def fairness_tables(sweep: Sweep) -> list[Table]:
    """Return a row for each mode and attribute, over its finished runs."""
    rows = pd.DataFrame(list(_rows(sweep)))
    if rows.empty:
        return []
    groups: Any = rows.groupby(["label", "attribute"], sort=False)
    return [
        Table(
            title="Gaps between groups",
            columns=(
                *("mode", "attribute", "lowest accuracy", "runs"),
                *("accuracy", "selection rate", "equalised odds"),
            ),
            rows=tuple(_table_row(label, name, some) for (label, name), some in groups),
            note="mean ± half width of the 95 % t interval, in points: the best group's figure "
            "less the worst's; selection rate: demographic parity difference; equalised odds: the "
            "larger of the differences of true and of false positive rates",
            num_text_columns=3,
        )
    ]


def _rows(sweep: Sweep) -> Iterator[dict[str, Any]]:
    """Yield a row for each attribute of each finished run."""
    for run, label in zip(sweep.finished["run"], sweep.finished["label"], strict=True):
        fairness = (sweep.records[run]["metrics"] or {}).get("fairness") or {}
        for name, figures in (fairness.get("attributes") or {}).items():
            groups = figures["groups"]
            lowest = min(groups, key=lambda group: groups[group]["accuracy"])
            gaps = {gap: figures[gap] for gap in GAPS}
            yield {"label": label, "attribute": name, "lowest": lowest, **gaps}


def _table_row(label: str, attribute: str, some: pd.DataFrame) -> tuple[str, ...]:
    lowest = ", ".join(sorted(some["lowest"].unique()))
    return (label, attribute, lowest, str(len(some)), *(_points(some[gap]) for gap in GAPS))


def _points(values: "pd.Series[float]") -> str:
    estimate = estimate_mean(values.dropna().tolist(), num_runs=len(values))
    if estimate.mean is None:
        return DASH
    return format_estimate(estimate.mean, estimate.half_width, "fraction").removesuffix(" %")
