"""Hold the perplexity and the bytes of a sweep's models of text against the baseline's.

    python -m runners.perplexity results/diloco_gpt

In: a sweep's folder, or a published one. Out: a table with means over seeds, and `perplexity.csv`
in that folder, a row for each finished run. Perplexity is exp(test loss) of the final model, per
token; where tokens are bytes, its logarithm to base 2 is bits per byte. The baseline is the
report's. Ratios are ÷ the baseline's run with the same seed.
"""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from runners.report.quantities import Quantity

if TYPE_CHECKING:
    import pandas as pd

    from runners.report.compare import PairedMean
    from runners.report.table import Table

FILE_NAME = "perplexity.csv"

PERPLEXITY = Quantity(
    column="perplexity",
    title="perplexity",
    unit="score",
    higher_is_better=False,
    compared_as="ratio",
)
BYTES_PER_PARTNER = Quantity(
    column="bytes_per_partner",
    title="bytes per partner",
    unit="bytes",
    higher_is_better=False,
    compared_as="ratio",
)


def main() -> None:
    """Print and write the table of the folder that the command line names."""
    from rich.console import Console

    from runners.report.table import print_table

    parser = argparse.ArgumentParser(prog="python -m runners.perplexity", description=__doc__)
    parser.add_argument("sweep", type=Path, help="folder of a sweep, or below results/")
    folder = parser.parse_args().sweep
    try:
        runs, baseline = compare_perplexity(folder)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    print_table(Console(), _table(runs, baseline))
    print(f"Table: {folder / FILE_NAME}")


def compare_perplexity(folder: Path) -> tuple["pd.DataFrame", str]:
    """Write the table of a sweep's finished runs; return it, and the baseline's label."""
    from runners.report.compare import compare_runs
    from runners.report.files import write_text
    from runners.report.load import load_sweep

    sweep = load_sweep(folder)
    baseline = compare_runs(sweep.runs).baseline
    if baseline is None or sweep.finished["loss"].isna().all():
        raise ValueError(
            f"{folder} has no finished run with a test loss; make one with learner=horovod"
        )
    runs = _with_ratios(_figures(sweep.finished), baseline)
    write_text(folder / FILE_NAME, runs.to_csv(index=False, lineterminator="\n"))
    return runs, baseline


def _figures(finished: "pd.DataFrame") -> "pd.DataFrame":
    """Return each run's figures; all bytes that were sent, divided by the partners."""
    import numpy as np

    figures = finished[["label", "seed", "num_samples", "loss"]].rename(
        columns={"loss": "test_loss"}
    )
    return figures.assign(
        perplexity=np.exp(finished["loss"]),
        bytes_per_partner=finished["num_bytes"] / finished["num_partners"],
    )


def _with_ratios(runs: "pd.DataFrame", baseline: str) -> "pd.DataFrame":
    """Return the runs with both ratios; empty where the baseline has no run with that seed."""
    other = runs[runs["label"] == baseline].set_index("seed")
    return runs.assign(
        perplexity_ratio=runs["perplexity"] / runs["seed"].map(other["perplexity"]),
        bytes_ratio=runs["bytes_per_partner"] / runs["seed"].map(other["bytes_per_partner"]),
    )


def _table(runs: "pd.DataFrame", baseline: str) -> "Table":
    """Return means over seeds, and geometric means of the ratios with their 95 % intervals."""
    from runners.report.compare import estimate_mean, paired_difference
    from runners.report.table import Table, estimate_text

    rows = []
    for label in runs["label"].unique():
        mine, cells = runs[runs["label"] == label], []
        for quantity in (PERPLEXITY, BYTES_PER_PARTNER):
            estimate = estimate_mean(mine[quantity.column].tolist(), num_runs=len(mine))
            ratio = paired_difference(runs, label, baseline, quantity, is_ratio=True).mean
            cells += [estimate_text(estimate, quantity), _ratio_text(ratio)]
        rows.append((label, str(len(mine)), *cells))
    return Table(
        title="Perplexity on the held-out test set",
        columns=("mode", "seeds", PERPLEXITY.title, "ratio", BYTES_PER_PARTNER.title, "ratio"),
        rows=tuple(rows),
        note=f"mean ± half width of the 95 % t interval; ratios are to {baseline}, paired by seed",
    )


def _ratio_text(ratio: "PairedMean") -> str:
    """Return a ratio with four decimals, since three digits can't tell 2.6 % from 3.4 %."""
    from runners.report.units import DASH

    if ratio.value is None:
        return DASH
    if ratio.low is None or ratio.high is None or ratio.low == ratio.high:
        return f"{ratio.value:.4f}"
    return f"{ratio.value:.4f} [{ratio.low:.4f} to {ratio.high:.4f}]"


if __name__ == "__main__":
    main()
