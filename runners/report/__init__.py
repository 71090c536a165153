"""Owns the report of a sweep: many runs in, one answer with its evidence out.

In: a folder with one sub-folder per run (`record.json`, `rounds.parquet`, `trace.parquet`). Out,
beside them: `report.html` with `plotly.min.js`, `report.md` with `accuracy.svg`, and `summary.csv`,
`differences.csv`, `runs.csv`. Importing this package is cheap: plotly, matplotlib, pandas and scipy
are loaded when a report is written.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

PAGE_NAME = "report.html"


def write_report(sweep_dir: Path, console: Console) -> Path:
    """Compare the runs below `sweep_dir`, print the tables, write all files; return the page.

    Raises ValueError when there is no run, or one that can't be read; runs that failed are
    reported, not refused.
    """
    from runners.report import compare, load, markdown, page, rows, setting, table, verdict

    sweep = load.load_sweep(sweep_dir)
    comparison = compare.compare_runs(sweep.runs)
    answer = verdict.answer(sweep, comparison)
    facts = setting.describe(sweep)

    rows.write_csv_files(sweep, comparison)
    markdown.write_markdown(sweep, comparison, answer, facts)
    path = page.write_page(sweep, comparison, answer, facts, sweep.folder / PAGE_NAME)
    table.print_report(console, sweep, comparison, answer, path)
    return path
