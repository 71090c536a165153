"""Copy a sweep's report and records to results/<name>, where README may quote them.

    python -m runners.publish results/runs/<sweep> demo
    python -m runners.publish results/runs/robustness robustness --without-runs

In: a folder of one sweep, or of several that one report is about. What can be made again from the
records, or is large, stays behind: traces, timelines and the HTML page; of sweeps of hundreds of
runs the records and the report's text too, if asked for, as runs.csv has their figures. Audits are
copied without their curves, which pictures show, and the report is written again so that it shows
them. Of studies of contributions, which have no record, all but the config is copied. A sweep with
a run or study that did not finish is refused: publish the whole of it or none.
"""

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from runners.report import write_report

RESULTS = Path(__file__).parents[1] / "results"
TABLES = (
    *("summary.csv", "runs.csv", "differences.csv"),
    *("robustness.csv", "privacy_cost.csv", "perplexity.csv"),
)
REPORT_FILES = ("report.md", "accuracy.svg", *TABLES)
RUN_FILES = ("record.json", "rounds.parquet")
STUDY_NAME, STUDY_BEGUN_NAME = "contribution.json", "coalitions.jsonl"
STUDY_FILES = (
    *(STUDY_NAME, STUDY_BEGUN_NAME),
    *("contribution.csv", "methods.csv", "contribution.png"),
)
AUDIT_NAME = "audit.json"
AUDIT_PICTURES = ("audit_roc.png", "audit_copies.png")


def main() -> None:
    """Publish the sweep that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m runners.publish", description=__doc__)
    parser.add_argument("sweep", type=Path, help="folder of a finished sweep, below results/runs")
    parser.add_argument("name", help="folder to make below results/")
    parser.add_argument(
        "--without-runs", action="store_true", help="publish the tables only, no run's record"
    )
    given = parser.parse_args()
    try:
        target = publish(given.sweep, RESULTS / given.name, with_runs=not given.without_runs)
        print(f"Published: {target}")
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)


def publish(sweep: Path, target: Path, *, with_runs: bool = True) -> Path:
    """Copy `sweep` to `target`, which takes the place of an older publication."""
    records = sorted(sweep.glob("**/record.json"))
    studies = sorted(sweep.glob(f"**/{STUDY_BEGUN_NAME}"))
    _check_finished(sweep, records, studies)
    if records:
        _write_missing_report(sweep, records)
    part = target.with_name(f".{target.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    for name in REPORT_FILES if with_runs else TABLES:
        if (sweep / name).exists():
            shutil.copy(sweep / name, part / name)
    for begun in (records or studies) if with_runs else ():
        run = part / "runs" / begun.parent.relative_to(sweep)
        run.mkdir(parents=True)
        for name in RUN_FILES if records else STUDY_FILES:
            shutil.copy(begun.parent / name, run / name)
        if (begun.parent / AUDIT_NAME).is_file():
            _publish_audit(begun.parent, run)
    shutil.rmtree(target, ignore_errors=True)
    part.rename(target)
    return target


def _check_finished(sweep: Path, records: Sequence[Path], studies: Sequence[Path]) -> None:
    """Raise ValueError unless there are runs or studies, and all have come to their end."""
    if not records and not studies:
        raise ValueError(
            f"{sweep} has no runs; name a sweep's folder, such as results/runs/<sweep>"
        )
    unfinished = [path.parent for path in records if _status(path) != "finished"]
    unfinished += [path.parent for path in studies if not (path.parent / STUDY_NAME).is_file()]
    if studies and not (sweep / "report.md").is_file():
        unfinished.append(sweep)
    if unfinished:
        raise ValueError(
            f"{unfinished[0]} has not finished; make the sweep again and publish it whole"
        )


def _write_missing_report(sweep: Path, records: Sequence[Path]) -> None:
    """Write the report of a folder of several sweeps, which have one each, or of audited runs."""
    is_audited = any((path.parent / AUDIT_NAME).is_file() for path in records)
    if is_audited or not (sweep / "report.md").is_file():
        write_report(sweep, Console(quiet=True))


def _publish_audit(source: Path, target: Path) -> None:
    """Write a run's audit with empty curves, and copy its pictures."""
    audit = json.loads((source / AUDIT_NAME).read_text(encoding="utf-8"))
    for attack in audit["attacks"]:
        if attack["judgement"] is not None:
            attack["judgement"]["curve"] = {name: [] for name in attack["judgement"]["curve"]}
    (target / AUDIT_NAME).write_text(json.dumps(audit, indent=1) + "\n", encoding="utf-8")
    for name in AUDIT_PICTURES:
        if (source / name).is_file():
            shutil.copy(source / name, target / name)


def _status(record: Path) -> str:
    return json.loads(record.read_text())["status"]


if __name__ == "__main__":
    main()
