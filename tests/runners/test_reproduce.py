"""`python -m runners.reproduce` as it is typed."""

import subprocess
import sys
from pathlib import Path

import pytest

from runners.reproduce import reproduce

ROOT = Path(__file__).parents[2]
NODE = {
    "_target_": "runners.published.secagg.Secagg",
    "file": "secagg.csv",
    "bytes_per_s": 12.5e6,
}


def typed(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "runners.reproduce", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT)


def test_a_table_is_printed_and_written(tmp_path: Path) -> None:
    done = typed("+experiment=secagg", f"hydra.run.dir={tmp_path}")
    assert done.returncode == 0, done.stderr
    assert "1 of 1 figures held" in done.stdout
    files = {path.name for path in tmp_path.iterdir()}
    assert files == {"config.yaml", "figures.csv", "report.md"}


def test_a_missed_figure_is_status_1(tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("num_users,vector_length,bits_per_entry,expansion\n8,1000,16,9.9\n")
    done = typed("+experiment=secagg", f"published.file={rows}", f"hydra.run.dir={tmp_path}/run")
    assert done.returncode == 1
    assert "0 of 1 figures held; missed: 8 users" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "published must be one of collectives, "),
        (("+experiment=secagg", "published.bytes_per_s=fast"), "published.bytes_per_s must be"),
        (("+experiment=secagg", "published.file=nowhere.csv"), "published.file must be a CSV file"),
    ],
)
def test_errors_say_what_to_do(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    done = typed(*arguments, f"hydra.run.dir={tmp_path}")
    assert done.returncode == 2
    assert f"error: {message}" in done.stderr
    assert "Traceback" not in done.stderr


def test_help_lists_the_tables() -> None:
    done = typed("--help")
    assert done.returncode == 0
    assert "published: collectives, diloco_bandwidth, goyal2017, horovod_512gpu" in done.stdout


def test_publishing_writes_the_same_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runners.reproduce.PUBLISHED", tmp_path / "published")
    (tmp_path / "run").mkdir()
    assert reproduce(NODE, folder=tmp_path / "run", publish=True)
    for name in ("figures.csv", "report.md"):
        run, published = tmp_path / "run" / name, tmp_path / "published" / "secagg" / name
        assert run.read_bytes() == published.read_bytes()
