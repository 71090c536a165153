"""Put accuracy and backdoor success under attacks in one table: a row for each attack, a column for
each defence.

    python -m runners.robustness results/runs/robustness

In: a folder of sweeps, or a published one, whose runs differ in attack, aggregation, privacy and
seed. A defence is a rule of aggregation, with the privacy mechanisms that were on. Out: a table
with means over seeds, and `robustness.csv` in that folder, a row for each finished run. Accuracy
lost is that of the same defence and seed without an attack, less that under the attack.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from runners.report.quantities import ACCURACY, Quantity
from runners.report.table_command import run_table_command

if TYPE_CHECKING:
    import pandas as pd

    from runners.report.load import Sweep
    from runners.report.table import Table

FILE_NAME = "robustness.csv"
NOBODY = "none"
USUAL_DEFENCE = "mean"
KEY = ["attack", "defence", "seed"]

BACKDOOR_SUCCESS = Quantity(
    column="backdoor_success", title="backdoor success", unit="fraction", higher_is_better=False
)
WITHOUT_TRIGGER = Quantity(
    column="backdoor_success_without_trigger",
    title="… without the trigger",
    unit="fraction",
    higher_is_better=False,
)


def main() -> None:
    """Print and write the table of the folder that the command line names."""
    run_table_command(
        "robustness", __doc__, FILE_NAME, lambda sweep: [robustness_table(tabulate(sweep))]
    )


def tabulate(sweep: "Sweep") -> "pd.DataFrame":
    """Write and return the figures of a sweep's finished runs, a row each."""
    from runners.report.files import write_text
    from runners.report.option_titles import check_told_apart, option_titles

    finished = sweep.finished
    if finished["accuracy"].isna().all():
        raise ValueError(
            f"{sweep.folder} has no finished run with an accuracy; make one with learner=horovod"
        )
    runs = finished[["run", "seed", "accuracy"]].assign(
        attack=option_titles(sweep, "attack"), defence=_defences(sweep), **_backdoors(sweep)
    )
    check_told_apart(runs, KEY, sweep.folder, "attack, aggregation, privacy")
    runs = _with_losses(runs).sort_values(KEY, ignore_index=True)
    write_text(sweep.folder / FILE_NAME, runs.to_csv(index=False, lineterminator="\n"))
    return runs


def robustness_table(runs: "pd.DataFrame") -> "Table":
    """Return means over seeds: what needs no attack first, then in the order of the alphabet."""
    from runners.report.table import Table

    defences = _first(runs["defence"], USUAL_DEFENCE)
    rows = []
    for attack in _first(runs["attack"], NOBODY):
        mine = runs[runs["attack"] == attack]
        for quantity in (ACCURACY, BACKDOOR_SUCCESS, WITHOUT_TRIGGER):
            if mine[quantity.column].notna().any():
                cells = _cells(mine, defences, quantity, num_seeds=runs["seed"].nunique())
                rows.append((attack, quantity.title, *cells))
    return Table(
        title="Accuracy and backdoor success on the held-out test set",
        columns=("attack", "figure", *defences),
        rows=tuple(rows),
        note=f"mean ± half width of the 95 % t interval over {runs['seed'].nunique()} seeds; "
        "backdoor success is of samples of other classes",
        num_text_columns=2,
    )


def _cells(
    mine: "pd.DataFrame", defences: Sequence[str], quantity: Quantity, num_seeds: int
) -> list[str]:
    from runners.report.compare import estimate_mean
    from runners.report.table import estimate_text

    cells = []
    for defence in defences:
        values = mine.loc[mine["defence"] == defence, quantity.column].tolist()
        cells.append(estimate_text(estimate_mean(values, num_runs=num_seeds), quantity))
    return cells


def _first(names: "pd.Series[str]", usual: str) -> list[str]:
    return sorted(names.unique(), key=lambda name: (name.split()[0] != usual, name))


def _defences(sweep: "Sweep") -> list[str]:
    """Return each finished run's rule of aggregation, and its mechanisms of privacy."""
    from runners.report.option_titles import option_titles

    rules, mechanisms = (option_titles(sweep, group) for group in ("aggregation", "privacy"))
    pairs = zip(rules, mechanisms, strict=True)
    return [rule if privacy == "none" else f"{rule} + {privacy}" for rule, privacy in pairs]


def _backdoors(sweep: "Sweep") -> "dict[str, pd.Series[float]]":
    import pandas as pd

    figures = [
        (sweep.records[run]["metrics"] or {}).get("backdoor") or {} for run in sweep.finished["run"]
    ]
    names = {BACKDOOR_SUCCESS: "success", WITHOUT_TRIGGER: "success_without_trigger"}
    return {
        quantity.column: pd.Series(
            [one.get(name) for one in figures], index=sweep.finished.index, dtype=float
        )
        for quantity, name in names.items()
    }


def _with_losses(runs: "pd.DataFrame") -> "pd.DataFrame":
    """Return the runs with the accuracy that the attack costs; empty where there is no run without
    one.
    """
    import pandas as pd

    honest = runs[runs["attack"] == NOBODY].set_index(["defence", "seed"])["accuracy"]
    without = honest.reindex(pd.MultiIndex.from_frame(runs[["defence", "seed"]]))
    return runs.assign(accuracy_lost=without.to_numpy() - runs["accuracy"].to_numpy())


if __name__ == "__main__":
    main()
