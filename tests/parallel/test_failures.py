"""A rank that dies or fails ends its run with its number and its traceback, and nothing hangs or
stays behind.
"""

import json
import os
import signal
from pathlib import Path

import pytest

from runners.build import build
from runners.config_file import write_config
from runners.launch import Fleet, RankFailure, stop_all
from runners.learner.horovod import Horovod
from tests.parallel.conftest import FAST
from tests.runners.compose import compose


@pytest.fixture
def ranks(tmp_path: Path):
    """Return two ranks of their own and a folder with a job."""
    config = compose(*FAST, "mode=partner/allreduce")
    write_config(tmp_path, config)
    learner = build(config).learner
    assert isinstance(learner, Horovod)
    fleet = Fleet(learner)
    yield fleet, tmp_path
    fleet.stop()


def test_a_killed_rank_is_named_and_none_stays_behind(ranks: tuple[Fleet, Path]) -> None:
    fleet, folder = ranks

    def kill_rank_1(_fraction: float) -> None:
        os.kill(fleet.process_ids()[1], signal.SIGKILL)

    with pytest.raises(RankFailure, match="rank 1 was killed by SIGKILL") as caught:
        fleet.run(folder, on_progress=kill_rank_1)
    assert caught.value.rank == 1
    assert not (folder / "record.json").exists()
    process_ids = fleet.process_ids()
    fleet.stop()
    for process_id in process_ids:
        with pytest.raises(ProcessLookupError):
            os.kill(process_id, 0)


def test_a_rank_that_raises_shows_its_traceback(ranks: tuple[Fleet, Path]) -> None:
    fleet, folder = ranks
    (folder / "config.yaml").write_text(
        (folder / "config.yaml").read_text().replace("num_epochs: 2", "num_epochs: -2")
    )
    with pytest.raises(
        RankFailure, match="num_epochs must be finite and above 0, got -2"
    ) as caught:
        fleet.run(folder, on_progress=lambda fraction: None)
    assert (
        caught.value.traceback is not None
        and "Traceback (most recent call last)" in caught.value.traceback
    )


def test_a_sweep_goes_on_after_a_death(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    """The first run's rank 1 is killed in the middle of training; the second run gets new ranks and
    finishes.
    """
    from runners.job import command

    run = Fleet.run
    killed: list[int] = []

    def run_and_kill_once(self: Fleet, folder: Path, on_progress, credentials) -> None:
        def progress(fraction: float) -> None:
            if not killed:
                killed.append(self.process_ids()[1])
                os.kill(killed[0], signal.SIGKILL)
            on_progress(fraction)

        run(self, folder, progress, credentials)

    monkeypatch.setattr(Fleet, "run", run_and_kill_once)
    monkeypatch.setattr("sys.argv", ["run", "-m", *FAST, "seed=0,1", f"hydra.sweep.dir={tmp_path}"])
    with pytest.raises(SystemExit) as caught:
        command("run")()
    stop_all()
    assert caught.value.code == 1
    records = [
        json.loads((tmp_path / str(number) / "record.json").read_text()) for number in range(2)
    ]
    assert [record["status"] for record in records] == ["failed", "finished"]
    assert records[0]["error"]["rank"] == 1 and "SIGKILL" in records[0]["error"]["message"]
    assert records[1]["metrics"]["overall"]["accuracy"] > 0.2
    assert "rank 1 was killed by SIGKILL" in capsys.readouterr().err
