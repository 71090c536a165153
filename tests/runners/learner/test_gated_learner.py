"""Sealed runs on one rank in this process: every mode asks for whom it merges, and a log that is
changed ends its run.
"""

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from runners import worker
from runners.config_file import read_config, write_config
from runners.job import credentials_of
from runners.perform import prepare
from runners.transport import Refused, Tampered
from tests.runners.compose import compose
from tests.runners.learner.one_rank import OneRank

SMALL = (
    *("task=digits_mlp", "learner.num_ranks=1", "budget.num_epochs=0.5"),
    *("budget.num_evaluations=3", "learner.sealed=true"),
)
LOCAL = "mode.local_steps=2"
FEDERATED = ("mode=proxy/federated", LOCAL)


class LoneRank(OneRank):
    """The only rank: it sends itself what it sends."""

    def exchange_bytes(self, outgoing: Sequence[bytes], name: str) -> list[bytes]:
        """Return the message alone."""
        return list(outgoing)


def folder_of(folder: Path, *overrides: str) -> Path:
    write_config(folder, compose(*SMALL, *overrides))
    return folder


def go_on(folder: Path, on_progress: Callable[[float], None] = lambda fraction: None) -> Any:
    """Run the config of a folder on one rank with keys; return the log's entries."""
    credentials = credentials_of(prepare(folder, read_config(folder), time.time()))
    assert credentials is not None
    worker._run(LoneRank(), folder, time.time(), on_progress, credentials[0])  # type: ignore[arg-type]
    return entries(folder / "access.jsonl")


def entries(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines()]


@pytest.mark.parametrize(
    ("overrides", "members"),
    [
        (FEDERATED, {"north", "east", "south", "west", "proxy"}),
        ((*FEDERATED, "agent.num_participants=2"), None),
        (("mode=partner/allreduce",), {"north", "east", "south", "west"}),
        (("mode=partner/diloco", "mode.inner_steps=2"), {"north", "east", "south", "west"}),
        (("mode=partner/gossip", LOCAL), {"north", "east", "south", "west"}),
        (("mode=solo",), set()),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else "",
)
def test_a_mode_asks_for_those_whom_it_merges(
    tmp_path: Path, overrides: tuple[str, ...], members: set[str] | None
) -> None:
    log = go_on(folder_of(tmp_path, *overrides))
    by_merge: dict[str, list[dict[str, Any]]] = {}
    for entry in log:
        by_merge.setdefault(entry["detail"], []).append(entry)
    assert list(by_merge) == [f"merge {number}" for number in range(len(by_merge))]
    record = json.loads((tmp_path / "record.json").read_text())
    if members != set():
        assert len(by_merge) == record["virtual"]["num_rounds"] > 1
    for merge in by_merge.values():
        names = {entry["name"] for entry in merge}
        assert names == members if members is not None else len(names) == 2 + 1  # and the proxy
        assert len(merge) == 2 * len(names) and not any(entry["refused"] for entry in merge)
    assert record["access"][0]["num_entries"] == len(log)


def test_a_log_that_is_changed_ends_its_run_at_the_next_evaluation(tmp_path: Path) -> None:
    log = folder_of(tmp_path, *FEDERATED) / "access.jsonl"

    def change(fraction: float) -> None:
        if 0.3 < fraction < 0.9:
            content = log.read_bytes()
            log.write_bytes(content[:20] + bytes([content[20] ^ 1]) + content[21:])

    with pytest.raises(Tampered, match="of the log does not follow from the one before"):
        go_on(tmp_path, change)
    assert not (tmp_path / "record.json").exists()


def test_a_log_that_is_cut_ends_its_run_at_the_next_merge(tmp_path: Path) -> None:
    log = folder_of(tmp_path, *FEDERATED, "budget.num_evaluations=1") / "access.jsonl"

    def cut(fraction: float) -> None:
        if fraction:
            log.write_bytes(log.read_bytes().partition(b"\n")[2])

    with pytest.raises(Tampered, match="was changed by someone else"):
        go_on(tmp_path, cut)


def test_a_partner_that_takes_no_part_is_not_asked(tmp_path: Path) -> None:
    """Of two partners in each merge, the one without the right is refused when its turn comes."""
    roles = "learner.roles={west:[auditor]}"
    folder_of(tmp_path, *FEDERATED, roles, "agent.num_participants=1", "budget.num_epochs=3")
    with pytest.raises(Refused, match="west, who is auditor, must not write update"):
        go_on(tmp_path)
    log = entries(tmp_path / "access.jsonl")
    refused = [entry["detail"] for entry in log if entry["refused"]]
    assert refused == 2 * [log[-1]["detail"]] and "west" not in {one["name"] for one in log[:-4]}


def test_a_run_that_is_resumed_begins_another_log(tmp_path: Path) -> None:
    folder_of(tmp_path, *FEDERATED)

    def stop(fraction: float) -> None:
        if fraction > 0.6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        go_on(tmp_path, stop)
    first = len(entries(tmp_path / "access.jsonl"))
    go_on(tmp_path)
    record = json.loads((tmp_path / "record.json").read_text())
    assert record["wall"]["num_resumes"] == 1
    assert [log["file"] for log in record["access"]] == ["access.jsonl", "access-2.jsonl"]
    assert record["access"][0]["num_entries"] == first > 0
    assert record["access"][1]["num_entries"] == len(entries(tmp_path / "access-2.jsonl")) > 0


def test_a_rank_without_keys_sends_nothing(tmp_path: Path) -> None:
    folder_of(tmp_path, *FEDERATED)
    with pytest.raises(ValueError, match="sealed must be false for ranks that get no keys"):
        worker._run(OneRank(), tmp_path, time.time(), lambda fraction: None)  # type: ignore[arg-type]
    assert not (tmp_path / "access.jsonl").exists()
