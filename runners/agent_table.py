"""Put the times to the target that agents reach in one table: a row for each scenario and agent.

    python -m runners.agent_table results/runs/agents

In: a folder of sweeps, or a published one, whose runs differ in agent, scenario, availability and
seed. Out: a table with means over seeds, how often the target was missed, and how many times as
long each agent takes as those that it has to beat, seed by seed; and `agents.csv` in that folder, a
row for each finished run. Ratios are geometric means over the seeds in which both reached it.
"""

from typing import TYPE_CHECKING

from runners.report.quantities import TIME_TO_TARGET
from runners.report.table_command import run_table_command

if TYPE_CHECKING:
    import pandas as pd

    from runners.report.load import Sweep
    from runners.report.table import Table

FILE_NAME = "agents.csv"
KEY = ["situation", "agent", "seed"]
REFERENCES = ("static", "fastest_k", "oort", "oracle")
SHUFFLED = "shuffles=True"


def main() -> None:
    """Print and write the table of the folder that the command line names."""
    run_table_command(
        "agent_table", __doc__, FILE_NAME, lambda sweep: [agent_table(tabulate(sweep))]
    )


def tabulate(sweep: "Sweep") -> "pd.DataFrame":
    """Write and return the figures of a sweep's finished runs, a row each."""
    from runners.report.files import write_text
    from runners.report.option_titles import check_told_apart, option_titles

    finished = sweep.finished
    if finished["accuracy"].isna().all():
        raise ValueError(
            f"{sweep.folder} must have finished runs with an accuracy, got none; make them with "
            "learner=horovod or learner=curve"
        )
    pairs = zip(option_titles(sweep, "scenario"), option_titles(sweep, "availability"), strict=True)
    columns = ["run", "seed", TIME_TO_TARGET.column, "accuracy", "total_sim_s", "num_bytes"]
    runs = finished[columns].assign(
        situation=[", ".join(pair) for pair in pairs], agent=option_titles(sweep, "agent")
    )
    check_told_apart(runs, KEY, sweep.folder, "agent, scenario, availability")
    runs = runs.sort_values(KEY, ignore_index=True)
    write_text(sweep.folder / FILE_NAME, runs.to_csv(index=False, lineterminator="\n"))
    return runs


def agent_table(runs: "pd.DataFrame") -> "Table":
    """Return all agents in all situations, the fastest first."""
    from runners.report.table import Table

    references = [name for name in sorted(runs["agent"].unique()) if _is_reference(name)]
    rows = []
    for situation, mine in runs.groupby("situation"):
        rows += [(str(situation), *row) for row in _rows(mine, references)]
    return Table(
        title="Virtual time to the target accuracy",
        columns=("situation", "agent", "time", "missed", *(f"÷ {name}" for name in references)),
        rows=tuple(rows),
        note="time: mean ± half width of the 95 % t interval over the seeds that reached the "
        f"target, of {runs['seed'].nunique()}; ÷: geometric mean of paired ratios, its 95 % "
        "interval, and the pairs where there are fewer",
        num_text_columns=2,
    )


def _rows(mine: "pd.DataFrame", references: list[str]) -> list[tuple[str, ...]]:
    from runners.report.compare import estimate_mean
    from runners.report.table import estimate_text

    column = TIME_TO_TARGET.column
    means = mine.groupby("agent")[column].mean().sort_values(na_position="last")
    rows = []
    for agent in means.index:
        times = mine.loc[mine["agent"] == agent, column]
        num_seeds = len(times)
        reached = times.dropna().tolist()
        time = estimate_text(estimate_mean(reached, num_runs=len(reached)), TIME_TO_TARGET)
        missed = f"{num_seeds - len(reached)} of {num_seeds}"
        ratios = (_ratio(mine, str(agent), reference, num_seeds) for reference in references)
        rows.append((str(agent), time, missed, *ratios))
    return rows


def _ratio(mine: "pd.DataFrame", agent: str, reference: str, num_seeds: int) -> str:
    """Return how many times as long an agent takes as a reference."""
    from runners.report.compare import paired_difference
    from runners.report.units import DASH

    if agent == reference:
        return DASH
    labelled = mine.rename(columns={"agent": "label"})
    difference = paired_difference(labelled, agent, reference, TIME_TO_TARGET, is_ratio=True)
    mean = difference.mean
    if mean.value is None:
        return DASH
    interval = "" if mean.low is None else f" [{mean.low:.2f}, {mean.high:.2f}]"
    pairs = "" if difference.num_seeds == num_seeds else f" ({difference.num_seeds} pairs)"
    return f"{mean.value:.2f}{interval}{pairs}"


def _is_reference(agent: str) -> bool:
    return agent.split()[0] in REFERENCES or SHUFFLED in agent


if __name__ == "__main__":
    main()
