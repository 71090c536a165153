"""Interrupted runs go on, on one rank: bit by bit, wherever they were stopped; and the command."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runners import resume, worker
from runners.config_file import has_checkpoint, read_config, write_config
from runners.job import run_in
from tests.runners.compose import compose
from tests.runners.learner.one_rank import OneRank

SMALL = (
    *("task=digits_mlp", "learner.num_ranks=1", "budget.num_epochs=1"),
    "budget.num_evaluations=5",
)
LOCAL = "mode.local_steps=2"
SYSTEMS = {
    "allreduce, Adam": ("mode=partner/allreduce", "optimizer@task.optimizer=adam"),
    "allreduce, dropout": ("mode=partner/allreduce", "task.model.dropout=0.2"),
    "allreduce, schedule": ("mode=partner/allreduce", "training.schedule=cosine"),
    "server, stale": ("mode=partner/parameter_server", "mode.consistency=stale"),
    "local SGD, batch norm": (
        *("mode=partner/local_sgd", "mode.inner_steps=2"),
        "task.model.batch_norm=true",
    ),
    "DiLoCo, overlap": (
        *("mode=partner/diloco", "mode.inner_steps=4", "mode.num_fragments=2"),
        *("mode.overlap_steps=1", "optimizer@task.optimizer=adamw"),
    ),
    "gossip, momentum": ("mode=partner/gossip", LOCAL, "task.optimizer.momentum=0.9"),
    "submodel, independent": (
        *("mode=partner/submodel", LOCAL, "mode.kind=independent"),
        *("mode.fractions=null", "mode.assign=null"),
    ),
    "submodel, ensemble": ("mode=partner/submodel", LOCAL, "mode.fusion=ensemble"),
    "submodel, distillation": (
        *("mode=partner/submodel", LOCAL, "mode.fusion=distillation"),
        "mode.distillation_steps=2",
    ),
    "SCAFFOLD": ("mode=proxy/federated", LOCAL, "mode.algorithm=scaffold"),
    "FedYogi": (
        *("mode=proxy/federated", LOCAL, "mode.server.optimizer=yogi"),
        "mode.server.learning_rate=0.01",
    ),
    "FedBuff": ("mode=proxy/fedbuff", LOCAL),
    "hierarchical": ("mode=proxy/hierarchical", LOCAL),
    "pool": ("mode=pool",),
    "solo": ("mode=solo",),
    "solo, augmentation": ("mode=solo", "training.augmentation=shift"),
}
TIME_ONLY = ("learner=none", "task=digits_mlp", "mode=proxy/federated")


class Interrupted(Exception):
    """Somebody pressed Ctrl-C."""


def go_on(folder: Path, on_progress: Callable[[float], None] = lambda fraction: None) -> Any:
    """Run the config of a folder on one rank in this process; return the record."""
    worker._run(OneRank(), folder, time.time(), on_progress)
    return json.loads((folder / "record.json").read_text())


def begin(folder: Path, *overrides: str) -> Path:
    """Write a run's config."""
    folder.mkdir()
    write_config(folder, compose(*SMALL, *overrides))
    return folder


def interrupt(folder: Path, after: float) -> None:
    """Run until a fraction of the budget is spent."""

    def stop(fraction: float) -> None:
        if fraction > after:
            raise Interrupted

    with pytest.raises(Interrupted):
        go_on(folder, stop)


def engines_of(record: Any) -> set[str]:
    """Return the engines without their reasons, of which a record has the first."""
    return {name.split(":")[0] for name in record["wall"]["engines"]}


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_run_stopped_three_times_is_the_run_that_never_was(tmp_path: Path, name: str) -> None:
    whole, cut = (begin(tmp_path / one, *SYSTEMS[name]) for one in ("whole", "cut"))
    expected = go_on(whole)
    for after in (0.0, 0.3, 0.7):
        interrupt(cut, after)
        assert not (cut / "record.json").exists()
    record = go_on(cut)
    for file in ("rounds.parquet", "trace.parquet", "model.pt"):
        assert (cut / file).read_bytes() == (whole / file).read_bytes(), file
    assert record["metrics"] == expected["metrics"]
    assert record["virtual"] == expected["virtual"]
    assert engines_of(record) == engines_of(expected)
    assert record["wall"]["num_resumes"] >= 2 and expected["wall"]["num_resumes"] == 0
    assert not has_checkpoint(cut) and not has_checkpoint(whole)


def test_another_config_in_the_folder_begins_anew(tmp_path: Path) -> None:
    overrides = ("mode=partner/allreduce", "seed=1")
    whole, cut = begin(tmp_path / "whole", *overrides), begin(tmp_path / "cut", "mode=pool")
    interrupt(cut, 0.5)
    assert has_checkpoint(cut)
    write_config(cut, compose(*SMALL, *overrides))
    go_on(whole)
    assert go_on(cut)["wall"]["num_resumes"] == 0
    for file in ("rounds.parquet", "trace.parquet", "model.pt"):
        assert (cut / file).read_bytes() == (whole / file).read_bytes(), file
    assert not has_checkpoint(cut)


def test_another_number_of_ranks_is_refused(tmp_path: Path) -> None:
    """As with a launcher of one's own, which may start any number of them."""
    cut = begin(tmp_path / "cut", "mode=partner/allreduce")
    interrupt(cut, 0.5)
    (latest,) = (path for path in (cut / "checkpoint").iterdir() if path.is_dir())
    (latest / "rank-1.pt").write_bytes((latest / "rank-0.pt").read_bytes())
    with pytest.raises(ValueError, match=r"must be the 2 that the checkpoint in .* got 1; resume"):
        go_on(cut)


def resumed(*folders: Path) -> int:
    """Return the status with which the command ends."""
    with pytest.raises(SystemExit) as caught:
        resume.main([str(folder) for folder in folders])
    assert isinstance(caught.value.code, int)
    return caught.value.code


def time_only(folder: Path, *overrides: str) -> Path:
    """Write the config of a run without learning."""
    folder.mkdir(parents=True)
    write_config(folder, compose(*TIME_ONLY, *overrides))
    return folder


def status_of(folder: Path) -> str:
    return json.loads((folder / "record.json").read_text())["status"]


def test_the_command_runs_what_has_no_record(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = time_only(tmp_path / "run")
    assert resumed(run) == 0
    assert status_of(run) == "finished"
    assert f"Record: {run / 'record.json'}" in capsys.readouterr().out


def test_a_finished_run_is_left_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = time_only(tmp_path / "run")
    run_in(run, read_config(run), None)
    before = {path: path.stat().st_mtime_ns for path in run.iterdir()}
    assert resumed(run) == 0
    assert {path: path.stat().st_mtime_ns for path in run.iterdir()} == before
    assert capsys.readouterr().out == f"{run}: finished already\n"


def test_of_a_sweep_the_unfinished_runs_go_on(tmp_path: Path) -> None:
    """Number 0 is finished, 1 has not begun, 2 has failed, 10 can't be run."""
    sweep = tmp_path / "sweep"
    runs = [time_only(sweep / name, f"seed={name}") for name in ("0", "1", "2")]
    run_in(runs[0], read_config(runs[0]), None)
    (runs[2] / "record.json").write_text(json.dumps({"status": "failed"}))
    before = (runs[0] / "record.json").stat().st_mtime_ns
    assert resumed(sweep) == 0
    assert [status_of(run) for run in runs] == ["finished"] * 3
    assert (runs[0] / "record.json").stat().st_mtime_ns == before
    assert (sweep / "report.html").is_file()
    time_only(sweep / "10", "budget.num_epochs=-1")
    assert resumed(sweep) == 2
    assert status_of(sweep / "10") == "failed"


def test_a_folder_without_a_run_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = time_only(tmp_path / "run")
    (tmp_path / "none").mkdir()
    assert resumed(run, tmp_path / "none") == 2
    message = capsys.readouterr().err
    assert f"needs the folder of a run or of a sweep, got {tmp_path / 'none'}" in message
    assert not (run / "record.json").exists()  # nothing has begun
