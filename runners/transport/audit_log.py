"""Owns the log of accesses: append-only, so that whoever changes it without the key is found out.

Each entry is a line of JSON with its number and the SHA-256 of the line before. Beside the log, in
`<log>.head`, the writer signs (Ed25519) how many entries there are and the hash of the last one. A
line that was altered, moved, put in or taken out breaks the chain, and a log that was cut does not
reach the head. One who puts back an older log with its older head is found out by a head that was
seen later: keep some elsewhere, and name one to `check_log`. The head names the public key that it
is signed with, which only helps to find it: whoever makes a whole log of his own signs with his.

One writer at a time.
"""

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from runners.transport import LogState, Tampered
from runners.transport.logs import HEAD_SUFFIX

EMPTY = LogState(num_entries=0, head="0" * 64)


class AuditLog:
    """Write entries; a log that is there already is checked, and gone on with."""

    def __init__(self, path: Path, key: Ed25519PrivateKey) -> None:
        """Open or begin a log; raises Tampered for one that is not intact."""
        self._path = path
        self._key = key
        if path.exists() or head_path(path).exists():
            self.state = check_log(path, key.public_key())
        else:
            path.touch()
            self._sign(EMPTY)
        self._num_bytes = path.stat().st_size

    def append(self, entry: dict[str, Any]) -> None:
        """Add an entry of JSON's types; it is on the disk, and signed, on return."""
        self.extend([entry])

    def extend(self, entries: Sequence[dict[str, Any]]) -> None:
        """Add entries, of which the last is signed for all; raises Tampered where the file is not
        as long as it was left.
        """
        state, lines = self.state, b""
        for entry in entries:
            numbered = {"number": state.num_entries, "previous": state.head}
            line = json.dumps(numbered | entry, sort_keys=True).encode()
            state = LogState(num_entries=state.num_entries + 1, head=_hash(line))
            lines += line + b"\n"
        self._check_length()
        with self._path.open("ab") as log:
            log.write(lines)
            log.flush()
            os.fsync(log.fileno())
        self._num_bytes += len(lines)
        self._sign(state)

    def _check_length(self) -> None:
        num_bytes = self._path.stat().st_size if self._path.is_file() else 0
        if num_bytes != self._num_bytes:
            raise Tampered(
                f"{self._path} was changed by someone else: it has {num_bytes} bytes, "
                f"{self._num_bytes} were written"
            )

    def _sign(self, state: LogState) -> None:
        fields = {
            "key": self._key.public_key().public_bytes_raw().hex(),
            "num_entries": state.num_entries,
            "head": state.head,
            "signature": self._key.sign(_statement(state)).hex(),
        }
        path = head_path(self._path)
        part = path.with_name(path.name + ".part")
        part.write_text(json.dumps(fields))
        part.replace(path)
        self.state = state


def head_path(path: Path) -> Path:
    """Return where the signed head of a log is."""
    return path.with_name(path.name + HEAD_SUFFIX)


def check_log(path: Path, key: Ed25519PublicKey, seen: str | None = None) -> LogState:
    """Return the state of an intact log; raises Tampered with what is wrong otherwise. `seen` is
    the head of an earlier check, which must be in the chain still.
    """
    for needed in (path, head_path(path)):
        if not needed.is_file():
            raise Tampered(f"{needed} is missing")
    signed = _signed_head(head_path(path), key)
    hashes = _chain(path.read_bytes())
    num_entries = len(hashes) - 1
    if num_entries != signed.num_entries:
        what = "was cut" if num_entries < signed.num_entries else "has entries nobody signed"
        raise Tampered(f"{path} {what}: {num_entries} are there, {signed.num_entries} were signed")
    if hashes[-1] != signed.head:
        raise Tampered(f"{path} was altered: its last entry is not the one that was signed")
    if seen is not None and seen not in hashes:
        raise Tampered(f"{path} was replaced: the head {seen} that was seen is not in it")
    return signed


def _signed_head(path: Path, key: Ed25519PublicKey) -> LogState:
    try:
        fields = json.loads(path.read_bytes())
        state = LogState(num_entries=int(fields["num_entries"]), head=str(fields["head"]))
        if bytes.fromhex(fields["key"]) != key.public_bytes_raw():
            raise ValueError(f"the head names another key, {fields['key']}")
        key.verify(bytes.fromhex(fields["signature"]), _statement(state))
    except (InvalidSignature, ValueError, KeyError, TypeError) as error:
        raise Tampered(f"{path} is not signed with the log's key") from error
    return state


def _chain(content: bytes) -> list[str]:
    """Return the hashes of all entries after the one that an empty log has."""
    lines = content.split(b"\n")
    if (rest := lines.pop()) != b"":
        raise Tampered(
            f"the log ends within a line, after {len(rest)} bytes of line {len(lines) + 1}; it was "
            "cut, or its writer was stopped"
        )
    hashes = [EMPTY.head]
    for number, line in enumerate(lines):
        if _links(line) != (number, hashes[-1]):
            raise Tampered(
                f"entry {number} of the log does not follow from the one before: one of them was "
                "altered, moved, put in or taken out"
            )
        hashes.append(_hash(line))
    return hashes


def _links(line: bytes) -> tuple[Any, Any] | None:
    """Return an entry's number and the hash of the one before; None where it is no entry."""
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return (entry.get("number"), entry.get("previous")) if isinstance(entry, dict) else None


def _hash(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()


def _statement(state: LogState) -> bytes:
    return f"accord audit log\n{state.num_entries}\n{state.head}".encode()
