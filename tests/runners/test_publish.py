"""Publishing takes a finished sweep whole, or not at all."""

import json
from pathlib import Path

import pytest
from PIL import Image
from rich.console import Console

from runners.audit.files import NAME
from runners.audit.pictures import COPIES_NAME, ROC_NAME
from runners.contribution import files, kept_values, picture
from runners.publish import (
    AUDIT_NAME,
    AUDIT_PICTURES,
    STUDY_BEGUN_NAME,
    STUDY_FILES,
    STUDY_NAME,
    publish,
)
from runners.report import write_report
from tests.runners.report.conftest import SweepFactory
from tests.runners.report.test_audit_figures import put_audit


def sweep(folder: Path, *statuses: str) -> Path:
    folder.mkdir(exist_ok=True)
    for number, status in enumerate(statuses):
        run = folder / str(number)
        run.mkdir(parents=True)
        (run / "record.json").write_text(json.dumps({"status": status}))
        (run / "rounds.parquet").write_bytes(b"rounds")
        (run / "trace.parquet").write_bytes(b"large")
    (folder / "report.md").write_text("# Report")
    return folder


def studies(folder: Path, number: int) -> Path:
    """Put down studies of contributions, and what a sweep of them comes to."""
    for one in range(number):
        (folder / str(one)).mkdir(parents=True)
        for name in STUDY_FILES:
            (folder / str(one) / name).write_text(f"{name} {one}")
    (folder / "report.md").write_text("# Contributions")
    (folder / "summary.csv").write_text("seed,partner")
    return folder


def test_copies_report_and_records_and_leaves_traces(tmp_path: Path) -> None:
    target = publish(sweep(tmp_path / "sweep", "finished", "finished"), tmp_path / "demo")
    copied = {str(path.relative_to(target)) for path in target.rglob("*") if path.is_file()}
    runs = {
        f"runs/{number}/{name}" for number in "01" for name in ("record.json", "rounds.parquet")
    }
    assert copied == runs | {"report.md"}


def test_several_sweeps_become_one_publication(tmp_path: Path) -> None:
    """Each has a report of its own; the publication's is about all runs."""
    for name in ("first", "second"):
        SweepFactory(folder=tmp_path / "sweeps" / name).finished("solo", int(name == "second"))
    target = publish(tmp_path / "sweeps", tmp_path / "demo")
    assert (target / "runs/first/0/record.json").is_file()
    assert (target / "runs/second/0/record.json").is_file()
    assert len((target / "runs.csv").read_text().splitlines()) == 3


def test_tables_may_go_alone(tmp_path: Path) -> None:
    made = sweep(tmp_path / "sweep", "finished")
    (made / "robustness.csv").write_text("attack,accuracy")
    target = publish(made, tmp_path / "demo", with_runs=False)
    assert {path.name for path in target.iterdir()} == {"robustness.csv"}


def test_takes_the_place_of_an_older_publication(tmp_path: Path) -> None:
    publish(sweep(tmp_path / "old", "finished", "finished"), tmp_path / "demo")
    target = publish(sweep(tmp_path / "new", "finished"), tmp_path / "demo")
    assert [path.name for path in (target / "runs").iterdir()] == ["0"]


@pytest.mark.parametrize("statuses", [("finished", "failed"), ("interrupted",), ()])
def test_refuses_what_is_not_whole(tmp_path: Path, statuses: tuple[str, ...]) -> None:
    (tmp_path / "sweep").mkdir()
    with pytest.raises(ValueError, match=r"has not finished|has no runs"):
        publish(sweep(tmp_path / "sweep", *statuses), tmp_path / "demo")
    assert not (tmp_path / "demo").exists()


def test_studies_of_contributions_are_copied(tmp_path: Path) -> None:
    made = studies(tmp_path / "sweep", 2)
    (made / "0" / "config.yaml").write_text("seed: 0")
    target = publish(made, tmp_path / "contribution")
    copied = {str(path.relative_to(target)) for path in target.rglob("*") if path.is_file()}
    assert copied == {"report.md", "summary.csv"} | {
        f"runs/{number}/{name}" for number in "01" for name in STUDY_FILES
    }
    tables = publish(made, tmp_path / "contribution", with_runs=False)
    assert {path.name for path in tables.iterdir()} == {"summary.csv"}


@pytest.mark.parametrize(
    ("missing", "words"),
    [(f"1/{STUDY_NAME}", r"sweep/1 has not finished"), ("report.md", r"sweep has not finished")],
)
def test_studies_that_did_not_end_are_refused(tmp_path: Path, missing: str, words: str) -> None:
    made = studies(tmp_path / "sweep", 2)
    (made / missing).unlink()
    with pytest.raises(ValueError, match=words):
        publish(made, tmp_path / "contribution")
    assert not (tmp_path / "contribution").exists()


def test_audits_are_copied_and_the_report_shows_them(tmp_path: Path) -> None:
    """The report was written before the run was audited."""
    factory = SweepFactory(folder=tmp_path / "sweep")
    run, _ = factory.finished("solo", 0), factory.finished("pool", 0)
    write_report(factory.folder, Console(quiet=True))
    assert "## Leaks" not in (factory.folder / "report.md").read_text()
    put_audit(run, 0.8)
    for name in (ROC_NAME, COPIES_NAME):
        Image.new("RGB", (380, 100)).save(run / name)
    target = publish(factory.folder, tmp_path / "demo")
    kept = {path.name for path in (target / "runs" / "0").iterdir()}
    assert kept == {"record.json", "rounds.parquet", NAME, ROC_NAME, COPIES_NAME}
    assert {path.name for path in (target / "runs" / "1").iterdir()} == {
        "record.json",
        "rounds.parquet",
    }
    assert "## Leaks" in (target / "report.md").read_text()
    published, made = (json.loads((at / NAME).read_text()) for at in (target / "runs" / "0", run))
    assert not any(published["attacks"][0]["judgement"].pop("curve").values())
    assert any(made["attacks"][0]["judgement"].pop("curve").values())
    assert published["attacks"][0] == made["attacks"][0]


def test_names_are_those_of_the_audit() -> None:
    assert (AUDIT_NAME, *AUDIT_PICTURES) == (NAME, ROC_NAME, COPIES_NAME)


def test_names_are_those_of_a_study() -> None:
    written = (files.JSON_NAME, files.PARTNERS_NAME, files.METHODS_NAME)
    assert set(STUDY_FILES) == {*written, kept_values.NAME, picture.NAME}
    assert (STUDY_NAME, STUDY_BEGUN_NAME) == (files.JSON_NAME, kept_values.NAME)
