"""The commands as a person types them: help, a quick run, and every kind of bad input."""

import json
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[2]


def start(*arguments: str) -> subprocess.Popen[str]:
    """Start a command; its output is read by the test. It hears Ctrl-C even where the tests run in
    the background of a shell, which lets them ignore it.
    """
    return subprocess.Popen(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )


def finish(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("module", ["runners.run", "runners.compare"])
def test_help_lists_the_options_and_examples(module: str) -> None:
    done = finish(module, "--help")
    assert done.returncode == 0
    for word in (
        "partner/allreduce",
        "proxy/federated",
        "mnist_mlp",
        f"python -m {module} ",
        "target_accuracy",
    ):
        assert word in done.stdout


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["mode=partner/typo"], ["mode/partner/typo", "allreduce"]),
        (["typo=1"], ["typo"]),
        (["+typo=1"], ["unknown root key typo"]),
        (
            ["scenario.partners.west.speed=fast"],
            ["scenario.partners.west.speed", "number", "'fast'"],
        ),
        (
            ["scenario.partners.west.uplink_bytes_per_s=-1"],
            ["scenario.partners.west.uplink_bytes_per_s", "-1", "above 0"],
        ),
        (
            ["scenario=uniform", "scenario.num_partners=0"],
            ["scenario.num_partners", "0", "at least 1"],
        ),
        (["scenario.proxy.merge_bytes_per_s=inf"], ["scenario.proxy.merge_bytes_per_s", "inf"]),
        (["learner.num_ranks=9"], ["learner.num_ranks", "9", "try learner.num_ranks=4"]),
        (["budget.target_accuracy=1.1"], ["budget.target_accuracy", "1.1", "at most 1"]),
        (
            ["scenario=uniform", "scenario.num_partners=99", "partition.alpha=0.001"],
            ["partner", "would hold 0"],
        ),
    ],
)
def test_bad_input_is_told_in_one_breath(
    tmp_path: Path, overrides: list[str], words: list[str]
) -> None:
    done = finish("runners.run", *overrides, f"hydra.run.dir={tmp_path}")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr


def test_a_failed_run_leaves_a_record(tmp_path: Path) -> None:
    finish("runners.run", "learner.num_ranks=9", f"hydra.run.dir={tmp_path}")
    record = json.loads((tmp_path / "record.json").read_text())
    assert record["status"] == "failed" and "learner.num_ranks" in record["error"]["message"]


def test_a_folder_that_can_not_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = finish("runners.run", "learner=none", f"hydra.run.dir={tmp_path / 'file' / 'run'}")
    assert done.returncode == 1
    assert (
        "file" in done.stderr and "hydra.run.dir" in done.stderr and "Traceback" not in done.stderr
    )


def test_a_run_without_learning_writes_its_files(tmp_path: Path) -> None:
    done = finish(
        "runners.run",
        "learner=none",
        "task=digits_mlp",
        "mode=proxy/federated",
        f"hydra.run.dir={tmp_path}",
    )
    assert done.returncode == 0, done.stderr
    written = {path.name for path in tmp_path.iterdir()}
    assert written == {
        "config.yaml",
        "record.json",
        "rounds.parquet",
        "trace.parquet",
        "timeline.json",
    }
    assert str(tmp_path / "record.json") in done.stdout


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_keeps_finished_runs_and_leaves_no_rank(tmp_path: Path, end: int) -> None:
    sweep = start(
        "runners.run",
        "-m",
        "task=digits_mlp",
        "mode=partner/allreduce",
        "budget.num_epochs=1,500",
        f"hydra.sweep.dir={tmp_path}",
    )
    assert sweep.stderr is not None
    lines = [
        sweep.stderr.readline() for _ in range(3)
    ]  # start and end of the first run, start of the long one
    ranks = psutil.Process(sweep.pid).children(recursive=True)
    os.kill(sweep.pid, end)
    _, rest = sweep.communicate(timeout=60)
    assert [line[:10] for line in lines] == ["run 1 of 2", "run 1 of 2", "run 2 of 2"]
    assert sweep.returncode == 130
    assert "interrupted" in rest
    assert len(ranks) == 2 and not any(rank.is_running() for rank in ranks)
    statuses = [
        json.loads(path.read_text())["status"] for path in sorted(tmp_path.glob("*/record.json"))
    ]
    assert statuses == ["finished", "interrupted"]


def test_a_launcher_of_ones_own_runs_a_composed_folder(tmp_path: Path) -> None:
    composed = finish(
        "runners.run", "task=digits_mlp", "learner.launcher=external", f"hydra.run.dir={tmp_path}"
    )
    assert (
        composed.returncode == 0 and "horovodrun -np 2 python -m runners.worker" in composed.stdout
    )
    launcher = Path(sys.executable).with_name("horovodrun")
    path = f"{launcher.parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [launcher, "-np", "4", "python", "-m", "runners.worker", str(tmp_path)],
        cwd=ROOT,
        env=os.environ | {"PATH": path, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    record = json.loads((tmp_path / "record.json").read_text())
    assert record["status"] == "finished" and record["wall"]["num_ranks"] == 4
    assert record["metrics"]["overall"]["accuracy"] > 0.5


def test_a_worker_without_a_folder_says_how_to_get_one() -> None:
    done = finish("runners.worker", "nowhere")
    assert done.returncode == 2 and "learner.launcher=external" in done.stderr
