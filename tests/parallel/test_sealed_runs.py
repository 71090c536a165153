"""Runs with learner.sealed=true: they learn the same, the wire shows nothing, and whatever is wrong
with a message, a right or the log ends its run, and no other.
"""

import json
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from runners import launch
from runners.build import build
from runners.config_file import write_config
from runners.job import EXIT_FAILED, run_in
from runners.launch import RankFailure, fleet, stop_all
from runners.learner.horovod import Horovod
from runners.transport.verify import main as verify
from tests.parallel.conftest import FAST
from tests.runners.compose import compose

FEDERATED = ("mode=proxy/federated", "mode.local_steps=5")
ALLREDUCE = ("mode=partner/allreduce",)
SEALED = "learner.sealed=true"


@pytest.fixture(autouse=True)
def wire(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Start ranks whose wire is watched, and end them."""
    stop_all()
    monkeypatch.setattr(launch, "WORKER", "tests.parallel.meddling_worker")
    monkeypatch.setenv("ACCORD_TEST_WIRE", str(tmp_path))
    yield tmp_path
    stop_all()


def runs(folder: Path, *each: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return the records of runs, made one after the other as in a sweep, in numbered folders."""
    records = []
    for number, overrides in enumerate(each):
        run = folder / str(number)
        run.mkdir(parents=True)
        status = run_in(run, compose(*FAST, *overrides), None)
        records.append(json.loads((run / "record.json").read_text()))
        assert status == (0 if records[-1]["status"] == "finished" else EXIT_FAILED)
    return records


def kept(folder: Path, kind: str) -> list[bytes]:
    """Return what the ranks have kept."""
    messages = []
    for path in folder.glob(f"{kind}-*"):
        with path.open("rb") as file:
            while True:
                try:
                    messages.append(pickle.load(file))
                except EOFError:
                    break
    return messages


def weights(folder: Path) -> list[torch.Tensor]:
    models = torch.load(folder / "model.pt")
    return [tensor for model in models for tensor in model.values()]


def test_a_sealed_run_learns_the_same_and_shows_nothing(
    wire: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = runs(wire / "plain", FEDERATED, ALLREDUCE)
    for path in wire.glob("*-*"):
        path.unlink()
    records = runs(wire, (*FEDERATED, SEALED), (*ALLREDUCE, SEALED))
    for number, record in enumerate(records):
        pairs = zip(weights(wire / str(number)), weights(wire / f"plain/{number}"), strict=True)
        assert all((one - other).abs().max() <= 1e-6 for one, other in pairs)
        assert record["wall"]["num_ranks"] == 2
        assert plain[number]["access"] is None
    assert_nothing_shows(wire)
    assert_logs(wire, records, capsys)


def assert_nothing_shows(folder: Path) -> None:
    """The wire has no part of what was meant, and no call went past the seal."""
    meant, moved = kept(folder, "meant"), b"".join(kept(folder, "wire"))
    assert kept(folder, "plain") == []
    assert len(meant) > 100 and len(moved) > sum(map(len, meant))
    assert not [message for message in meant if message[:32] in moved]


def assert_logs(
    folder: Path, records: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    """Each run's log has its merges, under a key of its own, and can be checked."""
    (through_proxy,), (among_partners,) = [record["access"] for record in records]
    assert through_proxy["key"] != among_partners["key"]
    # four partners write and read, and the proxy reads and writes
    assert through_proxy["num_entries"] == records[0]["virtual"]["num_rounds"] * (4 * 2 + 2)
    assert among_partners["num_entries"] == records[1]["virtual"]["num_rounds"] * 4 * 2
    for number in range(2):
        verify([str(folder / str(number))])
    assert "proxy: read update" in capsys.readouterr().out
    log = folder / "0" / "access.jsonl"
    content = bytearray(log.read_bytes())
    content[len(content) // 2] ^= 1
    log.write_bytes(content)
    with pytest.raises(SystemExit) as caught:
        verify([str(folder / "0")])
    assert caught.value.code == 1


def test_what_is_wrong_ends_its_run_and_no_other(wire: Path) -> None:
    (wire / "plan").write_text("alter\nreplay\nlog\n")
    records = runs(wire, *[(*FEDERATED, SEALED)] * 4)
    assert [record["status"] for record in records] == 3 * ["failed"] + ["finished"]
    messages = [record["error"]["message"] for record in records[:3]]
    assert [record["error"]["rank"] for record in records[:3]] == [1, 1, 0]
    assert "Tampered: from rank 0: a message about merge" in messages[0]
    assert "was altered" in messages[0]
    assert "OutOfOrder: from rank 0: message" in messages[1] and "came again" in messages[1]
    assert "Tampered: entry " in messages[2] and "of the log does not follow" in messages[2]
    assert len({record["access"][0]["key"] for record in records}) == 4


def test_a_partner_without_the_right_ends_its_run(
    wire: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    west = "learner.roles={west:[deployer]}"
    (record,) = runs(wire, (*FEDERATED, SEALED, west))
    assert (record["status"], record["error"]["rank"]) == ("failed", 0)
    assert "Refused: west, who is deployer, must not write update" in record["error"]["message"]
    assert record["access"][0]["num_entries"] == 10  # the first merge's, those let in too
    capsys.readouterr()
    verify([str(wire / "0")])
    assert "refused at merge 0: west, who is deployer" in capsys.readouterr().out


def test_ranks_without_keys_send_nothing(wire: Path) -> None:
    """Whoever starts ranks and forgets the keys has no run, not a plain one."""
    config = compose(*FAST, *FEDERATED, SEALED)
    write_config(wire, config)
    learner = build(config).learner
    assert isinstance(learner, Horovod)
    with pytest.raises(RankFailure, match="sealed must be false for ranks that get no keys"):
        fleet(learner).run(wire, lambda fraction: None)
    assert kept(wire, "wire") == kept(wire, "plain") == []
