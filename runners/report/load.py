"""Owns how a sweep is read: a folder of runs in, a `Sweep` of checked tables out.

Nothing is scaled or rounded here. A run that did not finish keeps its row, with its status and its
error.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from runners.record import SCHEMA_VERSION
from runners.report.labels import label_runs

STATUSES = ("finished", "failed", "interrupted")
NAMES = (
    "mode", "task", "scenario", "topology", "transport", "bandwidth", "variability", "availability",
    "fault", "partition", "agent", "privacy", "anonymisation", "compression", "aggregation",
    "attack", "hardware", "learner",
)  # fmt: skip
VIRTUAL = (
    "total_sim_s", "num_partners", "num_rounds", "num_dropped", "num_samples", "num_bytes",
    "samples_per_sim_s", "target_accuracy", "time_to_target_sim_s", "bytes_to_target",
    "compute_sim_s", "protect_sim_s", "transfer_sim_s", "queue_sim_s", "merge_sim_s", "wait_sim_s",
    "down_sim_s",
    "cost_usd", "energy_joules", "num_servers", "num_merged", "mean_queue_sim_s",
    "server_utilisation", "participation_jain",
)  # fmt: skip
WALL = (
    "num_ranks", "start_wall_s", "warm_up_wall_s", "train_wall_s", "communicate_wall_s",
    "evaluate_wall_s", "checkpoint_wall_s", "total_wall_s", "samples_per_wall_s", "num_resumes",
)  # fmt: skip
METRICS = ("loss", "accuracy", "macro_recall", "macro_f1", "roc_auc")
ANONYMITY = ("reidentification_risk", "linkage_success", "certainty_penalty")
NUMBERS = (*VIRTUAL, *WALL, *METRICS, "epsilon", *ANONYMITY, "partner_accuracy_gap")


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """Hold all that a report is made from.

    `records`: what `record.json` holds, by run. `runs`: one row per run, its figures in seconds,
    bytes and fractions, and the `label` under which the report shows it. `rounds` and `partners`:
    finished runs only, with `label` and `seed`. `without_record`: folders of runs that ended before
    they could write a record.
    """

    folder: Path
    records: dict[str, dict[str, Any]]
    runs: pd.DataFrame
    rounds: pd.DataFrame
    partners: pd.DataFrame
    without_record: tuple[str, ...]

    @property
    def finished(self) -> pd.DataFrame:
        """The rows of the runs that finished."""
        return self.runs[self.runs["status"] == "finished"]

    @property
    def unfinished(self) -> pd.DataFrame:
        """The rows of the runs that do not count."""
        return self.runs[self.runs["status"] != "finished"]

    @property
    def has_accuracy(self) -> bool:
        """Whether any run learned and was evaluated; not so with `learner=none`."""
        return bool(self.finished["accuracy"].notna().any())

    @property
    def targets(self) -> tuple[float, ...]:
        """The target accuracies that runs were held against, smallest first."""
        if not self.has_accuracy:
            return ()
        return tuple(
            sorted(float(target) for target in self.finished["target_accuracy"].dropna().unique())
        )


def load_sweep(folder: Path) -> Sweep:
    """Read all runs below `folder`; raises ValueError when there is none, or a broken one."""
    records = {path.parent: _read_record(path) for path in sorted(folder.rglob("record.json"))}
    if not records:
        raise ValueError(
            f"no run found in {folder}: no folder below it holds a record.json; "
            "give the folder that a sweep wrote, or make one with `python -m runners.compare`"
        )
    by_run = {run.relative_to(folder).as_posix(): record for run, record in records.items()}
    runs = label_runs(_runs_table(by_run), by_run)
    finished = runs[runs["status"] == "finished"]
    return Sweep(
        folder=folder,
        records=by_run,
        runs=runs,
        rounds=_rounds_table(folder, finished),
        partners=_partners_table(by_run, finished),
        without_record=_folders_without_record(folder, set(records)),
    )


def _read_record(path: Path) -> dict[str, Any]:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(
            f"{path} is not JSON ({error}); run it again, or remove its folder"
        ) from error
    version = record.get("schema_version") if isinstance(record, dict) else None
    if version != SCHEMA_VERSION:
        raise ValueError(
            f"{path} has schema_version {version!r}, this report reads {SCHEMA_VERSION}; "
            "run it again, or read it with the version of Accord that wrote it"
        )
    if record["status"] not in STATUSES:
        raise ValueError(
            f"{path} has status {record['status']!r}, allowed are {', '.join(STATUSES)}"
        )
    return record


def _runs_table(records: dict[str, dict[str, Any]]) -> pd.DataFrame:
    table = pd.DataFrame([_run_row(run, record) for run, record in records.items()])
    return table.astype(dict.fromkeys(NUMBERS, float))


def _run_row(run: str, record: dict[str, Any]) -> dict[str, Any]:
    error = record["error"] or {}
    virtual, wall = record["virtual"] or {}, record["wall"] or {}
    overall = (record["metrics"] or {}).get("overall") or {}
    fairness = (record["metrics"] or {}).get("fairness") or {}
    return {
        "run": run,
        "status": record["status"],
        "seed": record["seed"],
        **{name: record["names"].get(name) for name in NAMES},
        "config_hash": record["config_hash"],
        "created_utc": record["created_utc"],
        "commit": record["commit"],
        **{column: virtual.get(column) for column in VIRTUAL},
        "ended_by": virtual.get("ended_by"),
        **{column: wall.get(column) for column in WALL},
        **{column: overall.get(column) for column in METRICS},
        "epsilon": _epsilon(record["privacy"] or {}),
        **_anonymity((record["privacy"] or {}).get("anonymisation") or {}),
        "partner_accuracy_gap": fairness.get("accuracy_gap"),
        "error_rank": error.get("rank"),
        "error_message": error.get("message"),
    }


def _epsilon(privacy: dict[str, Any]) -> float | None:
    """Return the largest ε of a record's guarantees; None where none is differential privacy."""
    stated = [one["epsilon"] for one in privacy.get("guarantees", ())]
    return max((one for one in stated if one is not None), default=None)


def _anonymity(figures: dict[str, Any]) -> dict[str, float | None]:
    """Return what remains of risk and what is lost in an anonymised table; None of other data."""
    risk = figures["prosecutor"]["after"]["mean"] if "prosecutor" in figures else None
    found = figures["linkage"]["after"] if "linkage" in figures else None
    return dict(zip(ANONYMITY, (risk, found, figures.get("certainty_penalty")), strict=True))


def _rounds_table(folder: Path, finished: pd.DataFrame) -> pd.DataFrame:
    tables = [
        _read_rounds(folder / run).assign(label=label, seed=seed)
        for run, label, seed in zip(
            finished["run"], finished["label"], finished["seed"], strict=True
        )
    ]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def _read_rounds(run_dir: Path) -> pd.DataFrame:
    path = run_dir / "rounds.parquet"
    if not path.exists():
        raise ValueError(
            f"{path} is missing, though its record says finished; "
            "run it again, or remove its folder"
        )
    return pd.read_parquet(path).astype(
        {"test_accuracy": float, "end_sim_s": float, "num_bytes": float}
    )


def read_first_spans(run_dir: Path, num_rounds: int) -> pd.DataFrame:
    """Return the spans of rounds 1 to `num_rounds`; empty at trace level `rounds`."""
    path = run_dir / "trace.parquet"
    if not path.exists():
        return pd.DataFrame()
    return pd.read_parquet(path, filters=[("round", ">=", 1), ("round", "<=", num_rounds)])


def _partners_table(records: dict[str, dict[str, Any]], finished: pd.DataFrame) -> pd.DataFrame:
    rows = [
        {"label": label, "seed": seed, "partner": partner, "accuracy": metrics["accuracy"]}
        for run, label, seed in zip(
            finished["run"], finished["label"], finished["seed"], strict=True
        )
        for partner, metrics in ((records[run]["metrics"] or {}).get("partners") or {}).items()
    ]
    table = pd.DataFrame(rows, columns=["label", "seed", "partner", "accuracy"])
    return table.astype({"accuracy": float})


def _folders_without_record(folder: Path, with_record: set[Path]) -> tuple[str, ...]:
    """Name the folders of runs that began, so have a config, and then died without a word."""
    job_dirs = {path.parent for path in folder.rglob("config.yaml")} - with_record
    return tuple(sorted(path.relative_to(folder).as_posix() for path in job_dirs))
