"""`python -m runners.simulate` as it is typed: without torch, in sweeps, and for one allreduce."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def simulate(folder: Path, *arguments: str, path: str = "") -> str:
    """Run the command and return what it printed."""
    where = f"hydra.{'sweep' if '-m' in arguments else 'run'}.dir={folder}"
    done = subprocess.run(
        [sys.executable, "-m", "runners.simulate", *arguments, where],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": path},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def virtual(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "record.json").read_text())["virtual"]


@pytest.fixture
def without_torch(tmp_path: Path) -> str:
    """Return a folder for PYTHONPATH in which torch and horovod can't be imported."""
    folder = tmp_path / "path"
    folder.mkdir()
    for package in ("torch", "horovod"):
        (folder / f"{package}.py").write_text(f"raise ImportError('no {package} here')\n")
    return str(folder)


def test_it_needs_no_torch(tmp_path: Path, without_torch: str) -> None:
    text = simulate(tmp_path / "run", "mode=proxy/federated", path=without_torch)
    assert text.startswith("proxy/federated: ") and "for 4 partners" in text
    for title in ("What partners did", "Critical path", "Who waited for whom"):
        assert title in text


def test_every_second_of_a_busy_proxy_has_its_cause(tmp_path: Path) -> None:
    slow = "scenario.proxy.merge_bytes_per_s=1e4"  # updates queue, so ends are sums of many floats
    text = simulate(tmp_path, "mode=proxy/federated", "task=digits_mlp", slow)
    assert virtual(tmp_path)["queue_sim_s"] > 0
    path = text.partition("Critical path")[2].partition("Who waited")[0]
    assert "proxy" in path and "nobody" not in path


def test_trace_level_rounds_has_no_path(tmp_path: Path) -> None:
    text = simulate(tmp_path, "task=digits_mlp", "trace_level=rounds")
    assert "trace_level=rounds keeps no spans" in text and "Critical path" not in text


def test_a_sweep_has_the_sweeps_report(tmp_path: Path) -> None:
    modes = "mode=partner/allreduce,proxy/federated"
    text = simulate(tmp_path, "-m", modes, "task=digits_mlp")
    assert "What partners did" not in text
    assert text.splitlines()[-1] == f"report: {tmp_path / 'report.html'}"
    assert (tmp_path / "1" / "record.json").exists()


def test_one_allreduce_is_timed_in_one_line(tmp_path: Path) -> None:
    simulate(
        tmp_path,
        "+experiment=one_allreduce",
        "scenario.num_partners=8",
        "task.num_parameters=25000000",
        "mode.algorithm=ring",
        "transport=ideal",
    )
    # 2 (n - 1) = 14 steps, each with an eighth of 100 MB at 12.5 MB/s and two latencies of 20 ms
    assert virtual(tmp_path)["total_sim_s"] == pytest.approx(14 * (1e8 / 8 / 12.5e6 + 2 * 0.02))
    assert virtual(tmp_path)["num_bytes"] == pytest.approx(14 * 1e8)


def test_a_curve_tells_accuracies_and_the_time_to_the_target(tmp_path: Path) -> None:
    settings = ["learner=curve", "task=digits_mlp", "mode=proxy/federated"]
    simulate(tmp_path, *settings, "budget.num_epochs=20", "budget.target_accuracy=0.6")
    record = json.loads((tmp_path / "record.json").read_text())
    assert set(record["metrics"]) == {"overall"}
    assert set(record["metrics"]["overall"]) == {"loss", "accuracy"}
    assert record["metrics"]["overall"]["accuracy"] > 0.6
    assert 0 < record["virtual"]["time_to_target_sim_s"] < record["virtual"]["total_sim_s"]
