"""A log of accesses: whatever is done to it without the key is found out."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from runners.transport import LogState, Tampered
from runners.transport.audit_log import AuditLog, check_log, head_path

KEY = Ed25519PrivateKey.generate()
PUBLIC = KEY.public_key()
ROOT = Path(__file__).parents[3]
NUM_ENTRIES = 6


def written(folder: Path, num_entries: int = NUM_ENTRIES) -> Path:
    path = folder / "audit.jsonl"
    log = AuditLog(path, KEY)
    for number in range(num_entries):
        log.append({"name": "west", "detail": f"merge {number}"})
    return path


@pytest.fixture(scope="module")
def contents(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    """Return an intact log of six entries and its head."""
    path = written(tmp_path_factory.mktemp("log"))
    return path.read_bytes(), head_path(path).read_bytes()


def checked(log: bytes, head: bytes, seen: str | None = None) -> LogState:
    """Return what a check says of files with these contents."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "audit.jsonl"
        path.write_bytes(log)
        head_path(path).write_bytes(head)
        return check_log(path, PUBLIC, seen)


def test_the_chain_by_hand(tmp_path: Path) -> None:
    path = written(tmp_path, 2)
    first, second = path.read_bytes().splitlines()
    assert json.loads(first) == {
        "number": 0,
        "previous": "0" * 64,
        "name": "west",
        "detail": "merge 0",
    }
    assert json.loads(second)["previous"] == hashlib.sha256(first).hexdigest()
    assert check_log(path, PUBLIC) == LogState(
        num_entries=2, head=hashlib.sha256(second).hexdigest()
    )


def test_an_empty_log_is_intact_and_can_not_be_made_of_a_full_one(tmp_path: Path) -> None:
    path = written(tmp_path, 0)
    assert check_log(path, PUBLIC).num_entries == 0


def test_a_log_is_gone_on_with(tmp_path: Path) -> None:
    path = written(tmp_path, 2)
    AuditLog(path, KEY).append({"name": "east"})
    assert check_log(path, PUBLIC).num_entries == 3
    assert [json.loads(line)["number"] for line in path.read_bytes().splitlines()] == [0, 1, 2]


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_an_altered_byte_is_noticed(contents: tuple[bytes, bytes], data: st.DataObject) -> None:
    log, head = contents
    place = data.draw(st.integers(0, len(log) - 1))
    flip = data.draw(st.integers(1, 255))
    with pytest.raises(Tampered):
        checked(log[:place] + bytes([log[place] ^ flip]) + log[place + 1 :], head)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_cut_at_any_byte_is_noticed(contents: tuple[bytes, bytes], data: st.DataObject) -> None:
    log, head = contents
    with pytest.raises(Tampered):
        checked(log[: data.draw(st.integers(0, len(log) - 1))], head)


@settings(deadline=None)
@given(st.lists(st.integers(0, NUM_ENTRIES - 1), max_size=8))
def test_lines_moved_repeated_or_taken_out_are_noticed(
    contents: tuple[bytes, bytes], order: list[int]
) -> None:
    log, head = contents
    lines = log.splitlines(keepends=True)
    moved = b"".join(lines[number] for number in order)
    if order == list(range(NUM_ENTRIES)):
        assert checked(moved, head).num_entries == NUM_ENTRIES
    else:
        with pytest.raises(Tampered):
            checked(moved, head)


def test_a_line_in_the_middle_is_named(contents: tuple[bytes, bytes]) -> None:
    log, head = contents
    with pytest.raises(Tampered, match="entry 3 of the log does not follow"):
        checked(log.replace(b"merge 2", b"merge 9"), head)
    with pytest.raises(Tampered, match="its last entry is not the one that was signed"):
        checked(log.replace(b"merge 5", b"merge 9"), head)
    lines = log.splitlines(keepends=True)
    with pytest.raises(Tampered, match="was cut: 5 are there, 6 were signed"):
        checked(b"".join(lines[:5]), head)
    with pytest.raises(Tampered, match="ends within a line"):
        checked(log[:-1], head)


def test_a_chain_made_anew_without_the_key_is_noticed(
    contents: tuple[bytes, bytes], tmp_path: Path
) -> None:
    """The forger alters an entry and works out all later hashes, but can't sign the head."""
    path = tmp_path / "audit.jsonl"
    forger = AuditLog(path, Ed25519PrivateKey.generate())
    for number in range(NUM_ENTRIES):
        forger.append({"name": "east", "detail": f"merge {number}"})
    with pytest.raises(Tampered, match="its last entry is not the one that was signed"):
        checked(path.read_bytes(), contents[1])
    with pytest.raises(Tampered, match="is not signed with the log's key"):
        check_log(path, PUBLIC)
    forger.append({"name": "east"})
    with pytest.raises(Tampered, match="has entries nobody signed: 7 are there, 6 were signed"):
        checked(path.read_bytes(), contents[1])


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_an_altered_head_is_noticed(contents: tuple[bytes, bytes], data: st.DataObject) -> None:
    log, head = contents
    place = data.draw(st.integers(0, len(head) - 1))
    altered = head[:place] + bytes([data.draw(st.integers(0, 255))]) + head[place + 1 :]
    try:
        is_the_same = json.loads(altered.lower()) == json.loads(head)
    except ValueError:
        is_the_same = False
    if not is_the_same:
        with pytest.raises(Tampered):
            checked(log, altered)


def test_a_log_that_grew_or_shrank_since_it_was_written_is_not_gone_on_with(
    tmp_path: Path,
) -> None:
    path = tmp_path / "audit.jsonl"
    log = AuditLog(path, KEY)
    log.extend([{"name": "west"}, {"name": "east"}])
    whole = path.read_bytes()
    for content in (whole + b"x", whole[:-1], None):
        path.unlink() if content is None else path.write_bytes(content)
        with pytest.raises(Tampered, match=f"was changed by someone else: .*{len(whole)} were"):
            log.append({"name": "south"})
    path.write_bytes(whole)
    log.append({"name": "south"})
    assert check_log(path, PUBLIC).num_entries == 3


def test_the_head_names_the_key(tmp_path: Path) -> None:
    path = head_path(written(tmp_path))
    fields = json.loads(path.read_text())
    assert fields["key"] == PUBLIC.public_bytes_raw().hex()
    path.write_text(json.dumps(fields | {"key": "00" * 32}))
    with pytest.raises(Tampered, match="is not signed with the log's key"):
        check_log(path.with_suffix(""), PUBLIC)


def test_a_missing_file_is_noticed(tmp_path: Path) -> None:
    path = written(tmp_path)
    head_path(path).unlink()
    with pytest.raises(Tampered, match="is missing"):
        check_log(path, PUBLIC)
    with pytest.raises(Tampered, match="is missing"):
        AuditLog(path, KEY)  # nor is it begun anew


def test_an_older_log_with_its_head_is_noticed_by_a_head_seen_later(tmp_path: Path) -> None:
    path = written(tmp_path, 3)
    older = path.read_bytes(), head_path(path).read_bytes()
    earlier = check_log(path, PUBLIC).head
    AuditLog(path, KEY).append({"name": "west"})
    seen = check_log(path, PUBLIC, earlier).head
    assert checked(*older).num_entries == 3  # by itself it looks intact
    with pytest.raises(Tampered, match="was replaced"):
        checked(*older, seen)


def test_a_log_that_is_not_intact_is_not_gone_on_with(tmp_path: Path) -> None:
    path = written(tmp_path)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(Tampered):
        AuditLog(path, KEY)


def verify(*arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "runners.transport.verify", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    return done.returncode, done.stdout + done.stderr


def test_the_command(tmp_path: Path) -> None:
    path = written(tmp_path)
    key = PUBLIC.public_bytes_raw().hex()
    head = check_log(path, PUBLIC).head
    status, told = verify(str(path), "--key", key)
    assert status == 0 and f"Intact: 6 entries, head {head}\n" in told
    assert verify(str(path), "--key", key, "--seen", head)[0] == 0
    status, told = verify(str(path), "--key", key, "--seen", "f" * 64)
    assert status == 1 and "was replaced" in told
    status, told = verify(str(path))
    assert status == 2 and "needs --key for a log" in told
    status, told = verify(str(path), "--key", "3b")
    assert status == 2 and "must be 64 hex digits, got '3b'" in told
    status, told = verify("--help")
    assert status == 0 and "Check logs of accesses" in told
