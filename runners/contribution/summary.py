"""Owns what a sweep of studies comes to: means over seeds, by partner and by method.

In: a folder whose folders have a contribution.json each. Out: `summary.csv`, a row for each study
and partner, and `report.md` with a table of partners and one of methods.
"""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig

from runners.sweep import SweepReport

if TYPE_CHECKING:
    import pandas as pd

    from runners.report.table import Table

NAME = "summary.csv"


class ContributionSummary(SweepReport):
    """Hydra's callback around a MULTIRUN of studies."""

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Write and print the summary."""
        try:
            summarise(Path(config.hydra.sweep.dir))
        except (OSError, ValueError) as error:  # Hydra would make a warning of it
            print(f"error: {error}", file=sys.stderr)
            sys.exit(1)


def summarise(folder: Path) -> None:
    """Write a sweep's summary, and print its tables."""
    from rich.console import Console

    from runners.report.files import write_text
    from runners.report.markdown import section
    from runners.report.table import print_table

    found = [json.loads(path.read_text()) for path in sorted(folder.glob("*/contribution.json"))]
    if not found:
        raise ValueError(f"{folder} has no study that ended; run it again")
    rows = _rows(found)
    write_text(folder / NAME, rows.to_csv(index=False, lineterminator="\n"))
    metric = found[0]["settings"]["metric"]
    tables = (_partners(rows, found, metric), _methods(found, metric))
    write_text(folder / "report.md", "\n\n".join(["# Contributions", *map(section, tables)]) + "\n")
    for table in tables:
        print_table(Console(), table)
    print(f"Report: {folder / 'report.md'}")


def _rows(found: list[dict[str, Any]]) -> "pd.DataFrame":
    import pandas as pd

    return pd.DataFrame([{"seed": one["seed"], **row} for one in found for row in one["partners"]])


def _partners(rows: "pd.DataFrame", found: list[dict[str, Any]], metric: str) -> "Table":
    from runners.contribution.tables import TITLES
    from runners.report.table import Table

    methods = [row["method"] for row in found[0]["methods"]]
    lines: list[tuple[str, ...]] = []
    for (name, is_malicious), some in rows.groupby(["partner", "is_malicious"], sort=False):
        lines.append(
            (
                f"{name} (malicious)" if is_malicious else str(name),
                str(len(some)),
                *(_mean(some[one].tolist(), metric) for one in methods),
                _mean(some["paid_by_contribution_usd"].tolist(), "usd"),
            )
        )
    return Table(
        title=f"Contributions to {metric}",
        columns=("partner", "seeds", *(TITLES[one] for one in methods), "paid, USD"),
        rows=tuple(lines),
        note=f"mean ± half width of the 95 % t interval over seeds; {_unit(metric)}; "
        f"paid by contribution, of {found[0]['settings']['sum_usd']:,.2f} USD",
    )


def _methods(found: list[dict[str, Any]], metric: str) -> "Table":
    from runners.contribution.tables import TITLES
    from runners.report.table import Table

    lines = []
    for number, first in enumerate(found[0]["methods"]):
        same = [one["methods"][number] for one in found]
        lines.append(
            (
                TITLES[first["method"]],
                _mean([row["num_trained"] for row in same], "count"),
                _mean([row["mean_error"] for row in same], metric),
                _mean([row["relative_error"] for row in same], "accuracy"),
                _mean([row["rank_correlation"] for row in same], "loss"),
            )
        )
    return Table(
        title="Methods",
        columns=("method", "trainings", "mean error", "relative, %", "rank correlation"),
        rows=tuple(lines),
        note="against the first, mean ± half width of the 95 % t interval over seeds; "
        + _unit(metric),
    )


def _unit(metric: str) -> str:
    return "contributions in " + ("points of accuracy" if metric == "accuracy" else "nats of loss")


def _mean(values: list[float | None], unit: str) -> str:
    """Return a mean with its interval; a dash where a study has none."""
    from runners.report.compare import estimate_mean
    from runners.report.units import DASH, MINUS

    known = [value for value in values if value is not None and value == value]
    if not known or len(known) < len(values):
        return DASH
    factor, decimals = {"accuracy": (100, 1), "loss": (1, 3), "usd": (1, 2), "count": (1, 1)}[unit]
    estimate = estimate_mean([factor * value for value in known], num_runs=len(known))
    half = "" if estimate.half_width is None else f" ± {estimate.half_width:,.{decimals}f}"
    return f"{estimate.mean:,.{decimals}f}".replace("-", MINUS) + half
