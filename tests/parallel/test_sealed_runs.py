"""Runs with learner.sealed=true: they learn the same, the wire shows nothing, and whatever is wrong
with a message or a right ends its run, and no other.
"""

import json
import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch

from runners import launch
from runners.job import EXIT_FAILED, run_in
from runners.launch import stop_all
from runners.transport.verify import main as verify
from tests.parallel.conftest import FAST
from tests.runners.compose import compose

FEDERATED = ("mode=proxy/federated", "mode.local_steps=5")
ALLREDUCE = ("mode=partner/allreduce",)
SEALED = "learner.sealed=true"
RUNS = {
    "plain, merges": FEDERATED,
    "plain, steps": ALLREDUCE,
    "sealed, merges": (*FEDERATED, SEALED),
    "sealed, steps": (*ALLREDUCE, SEALED),
    "altered": (*FEDERATED, SEALED),
    "after a failure": (*FEDERATED, SEALED),
    "replayed": (*FEDERATED, SEALED),
    "refused": (*FEDERATED, SEALED, "learner.roles={west:[deployer]}", "learner.num_ranks=1"),
}
"""In this order: a failure ends the ranks, and starting new ones takes long."""


@dataclass(frozen=True, kw_only=True)
class Done:
    """Hold a run's folder and record, and what the ranks have kept of its messages."""

    folder: Path
    record: dict[str, Any]
    kept: dict[str, list[bytes]]

    @property
    def log(self) -> dict[str, Any]:
        """Return what the record says of the run's log."""
        (log,) = self.record["access"]
        return log

    @property
    def weights(self) -> list[torch.Tensor]:
        """Return the trained tensors."""
        return [
            tensor for model in torch.load(self.folder / "model.pt") for tensor in model.values()
        ]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Done]]:
    """Return the runs, made one after the other as in a sweep, by ranks whose wire is watched."""
    wire = tmp_path_factory.mktemp("wire")
    with pytest.MonkeyPatch.context() as patch:
        stop_all()
        patch.setattr(launch, "WORKER", "tests.parallel.meddling_worker")
        patch.setenv("ACCORD_TEST_WIRE", str(wire))
        yield {name: run(name, tmp_path_factory.mktemp("run"), wire) for name in RUNS}
        stop_all()


def run(name: str, folder: Path, wire: Path) -> Done:
    """Make a run, whose messages are meddled with as its name says."""
    (wire / "todo").write_text(name)
    status = run_in(folder, compose(*FAST, *RUNS[name]), None)
    record = json.loads((folder / "record.json").read_text())
    assert status == (0 if record["status"] == "finished" else EXIT_FAILED)
    kept = {kind: taken(wire, kind) for kind in ("meant", "wire", "plain")}
    return Done(folder=folder, record=record, kept=kept)


def taken(wire: Path, kind: str) -> list[bytes]:
    """Return what the ranks have kept of a kind, and drop it."""
    messages = []
    for path in wire.glob(f"{kind}-*"):
        with path.open("rb") as file:
            while file.peek(1):
                messages.append(pickle.load(file))
        path.unlink()
    return messages


@pytest.mark.parametrize("kind", ["merges", "steps"])
def test_a_sealed_run_learns_the_same(done: dict[str, Done], kind: str) -> None:
    sealed, plain = done[f"sealed, {kind}"], done[f"plain, {kind}"]
    pairs = zip(sealed.weights, plain.weights, strict=True)
    assert all((one - other).abs().max() <= 1e-6 for one, other in pairs)
    assert sealed.record["wall"]["num_ranks"] == 2
    assert plain.record["access"] is None and not (plain.folder / "access.jsonl").exists()


@pytest.mark.parametrize("kind", ["merges", "steps"])
def test_the_wire_has_no_part_of_what_was_meant(done: dict[str, Done], kind: str) -> None:
    kept = done[f"sealed, {kind}"].kept
    moved = b"".join(kept["wire"])
    assert kept["plain"] == []  # no call went past the seal
    assert len(kept["meant"]) > 20 and len(moved) > sum(map(len, kept["meant"]))
    assert not [message for message in kept["meant"] if message[:32] in moved]
    assert done[f"plain, {kind}"].kept["plain"] != []


def test_the_log_has_every_merge(done: dict[str, Done]) -> None:
    through_proxy, among_partners = done["sealed, merges"], done["sealed, steps"]
    # four partners write and read, and the proxy reads and writes
    num_rounds = through_proxy.record["virtual"]["num_rounds"]
    assert through_proxy.log["num_entries"] == num_rounds * (4 * 2 + 2)
    num_rounds = among_partners.record["virtual"]["num_rounds"]
    assert among_partners.log["num_entries"] == num_rounds * 4 * 2
    sealed = [one for one in done.values() if one.record["access"]]
    assert len({one.log["key"] for one in sealed}) == len(sealed) == 6


def test_the_log_can_be_checked(done: dict[str, Done], capsys: pytest.CaptureFixture[str]) -> None:
    folder = done["sealed, merges"].folder
    verify([str(folder)])
    assert "proxy: read update" in capsys.readouterr().out
    log = folder / "access.jsonl"
    intact = log.read_bytes()
    middle = len(intact) // 2
    log.write_bytes(intact[:middle] + bytes([intact[middle] ^ 1]) + intact[middle + 1 :])
    with pytest.raises(SystemExit) as caught:
        verify([str(folder)])
    log.write_bytes(intact)
    assert caught.value.code == 1


def test_an_altered_message_ends_its_run_and_no_other(done: dict[str, Done]) -> None:
    error = done["altered"].record["error"]
    assert error["rank"] == 1 and "was altered" in error["message"]
    assert "Tampered: from rank 0: a message about merge" in error["message"]
    assert done["after a failure"].record["status"] == "finished"


def test_a_replayed_message_ends_its_run(done: dict[str, Done]) -> None:
    error = done["replayed"].record["error"]
    assert error["rank"] == 1 and "came again" in error["message"]
    assert "OutOfOrder: from rank 0: message" in error["message"]


def test_a_partner_without_the_right_ends_its_run(
    done: dict[str, Done], capsys: pytest.CaptureFixture[str]
) -> None:
    refused = done["refused"]
    assert refused.record["error"]["rank"] == 0
    message = refused.record["error"]["message"]
    assert "Refused: west, who is deployer, must not write update" in message
    assert refused.log["num_entries"] == 10  # the first merge's, those let in too
    verify([str(refused.folder)])
    assert "refused at merge 0: west, who is deployer" in capsys.readouterr().out
