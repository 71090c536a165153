"""Publishing takes a finished sweep whole, or not at all."""

import json
from pathlib import Path

import pytest

from runners.publish import publish


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


def test_copies_report_and_records_and_leaves_traces(tmp_path: Path) -> None:
    target = publish(sweep(tmp_path / "sweep", "finished", "finished"), tmp_path / "demo")
    files = {str(path.relative_to(target)) for path in target.rglob("*") if path.is_file()}
    runs = {
        f"runs/{number}/{name}" for number in "01" for name in ("record.json", "rounds.parquet")
    }
    assert files == runs | {"report.md"}


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
