"""Runs on two ranks that are killed go on as if nothing had been.

Where exactly they are killed depends on how fast this machine is, so that it is after a checkpoint
and before the end is all that is certain; `tests/runners/test_resume.py` stops them at fixed
points.
"""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from runners import resume
from runners.build import build
from runners.config_file import has_checkpoint, read_config, write_config
from runners.launch import RankFailure, fleet
from tests.parallel.conftest import Done, Train, go_on
from tests.parallel.systems import ADAM
from tests.runners.compose import compose

LONG = ("task=digits_mlp", "budget.num_epochs=20", "budget.num_evaluations=40")
SYSTEMS = {
    "allreduce, Adam": ("mode=partner/allreduce", ADAM),
    "DiLoCo, fragments": (
        *("mode=partner/diloco", "mode.inner_steps=6", "mode.num_fragments=3"),
        "mode.overlap_steps=1",
    ),
    "gossip": ("mode=partner/gossip", "mode.local_steps=2"),
    "free rider": ("mode=proxy/federated", "mode.local_steps=5", "attack=free_rider"),
    "SCAFFOLD": ("mode=proxy/federated", "mode.local_steps=2", "mode.algorithm=scaffold"),
    "FedBuff": ("mode=proxy/fedbuff", "mode.local_steps=2"),
    "Oort": ("mode=proxy/federated", "mode.local_steps=5", "agent=oort"),
}


class Interrupted(Exception):
    """Somebody pressed Ctrl-C."""


def interrupt(folder: Path, after: float) -> None:
    """End the ranks from their parent, once a fraction of the budget is spent."""

    def stop(fraction: float) -> None:
        if fraction > after and has_checkpoint(folder):
            raise Interrupted

    with pytest.raises(Interrupted):
        go_on(folder, stop)


def kill(rank: int) -> Callable[[Path, float], None]:
    """Return what kills a rank."""

    def interrupt_one(folder: Path, after: float) -> None:
        process_ids = fleet(build(read_config(folder)).learner).process_ids()

        def stop(fraction: float) -> None:
            if fraction > after and has_checkpoint(folder):
                os.kill(process_ids[rank], signal.SIGKILL)

        with pytest.raises(RankFailure, match="was killed by SIGKILL"):
            go_on(folder, stop)

    return interrupt_one


@pytest.mark.parametrize(
    ("name", "interrupt_at", "points"),
    [
        ("allreduce, Adam", interrupt, (0.0, 0.4)),
        ("DiLoCo, fragments", interrupt, (0.3,)),
        ("gossip", kill(1), (0.0,)),
        ("free rider", interrupt, (0.3,)),
        ("SCAFFOLD", kill(0), (0.3,)),
        ("FedBuff", interrupt, (0.5,)),
        ("Oort", interrupt, (0.3,)),
    ],
)
def test_a_run_that_was_killed_is_the_run_that_never_was(
    train: Train,
    tmp_path: Path,
    name: str,
    interrupt_at: Callable[[Path, float], None],
    points: tuple[float, ...],
) -> None:
    whole = train(*LONG, *SYSTEMS[name])
    write_config(tmp_path, compose(*LONG, *SYSTEMS[name]))
    for after in points:
        interrupt_at(tmp_path, after)
        assert not (tmp_path / "record.json").exists()
    with pytest.raises(SystemExit) as caught:
        resume.main([str(tmp_path)])
    assert caught.value.code == 0
    check_same(tmp_path, whole, num_resumes=len(points))


def check_same(folder: Path, whole: Done, num_resumes: int) -> None:
    for file in ("rounds.parquet", "trace.parquet", "model.pt"):
        assert (folder / file).read_bytes() == whole.file(file), file
    record = json.loads((folder / "record.json").read_text())
    assert record["metrics"] == whole.record["metrics"]
    assert record["virtual"] == whole.record["virtual"]
    assert record["wall"]["num_resumes"] == num_resumes
    assert not has_checkpoint(folder)
