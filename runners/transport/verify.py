"""Check logs of accesses: that no entry was altered, moved, put in or taken out.

    python -m runners.transport.verify results/runs/2026-11-22_12-00-00
    python -m runners.transport.verify access.jsonl --key 3b6a27bc…

Of a run with learner.sealed=true the keys and heads are those in its record.json (of a run that was
killed, those beside the logs). Who can change the log and the record can make both anew: keep a
log's key and head elsewhere, and check with `--key` and `--seen`.

Prints the head, who was let in, and who was refused. The exit status is 0 for intact logs, 1 for
one that is not, 2 for a wrong command.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from runners.transport import Claim, LogState, Tampered
from runners.transport.audit_log import check_log
from runners.transport.logs import heads_in


def main(arguments: Sequence[str] | None = None) -> None:
    """Check the log, or the logs of the run, that the command line names."""
    parser = argparse.ArgumentParser(
        prog="python -m runners.transport.verify",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("path", type=Path, help="folder of a run, or a log")
    parser.add_argument(
        "--key", type=_public_key, help="the writer's public key, 64 hex digits; a log needs it"
    )
    parser.add_argument("--seen", help="head that an earlier check printed")
    given = parser.parse_args(arguments)
    if not given.path.is_dir() and given.key is None:
        parser.error(f"needs --key for a log, got only {given.path}; or name the folder of a run")
    try:
        claims = _claims(given.path, given.key, given.seen)
        for claim in claims:
            _print(claim.path, _checked(claim))
    except Tampered as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    if not claims:
        parser.error(f"needs a run with learner.sealed=true, got {given.path} without logs")


def _claims(path: Path, key: bytes | None, seen: str | None) -> list[Claim]:
    """Return what to check; the last of a run's logs is the one that `key` and `seen` are about."""
    if not path.is_dir():
        assert key is not None
        return [Claim(path=path, key=key, seen=seen, last=None)]
    record = path / "record.json"
    heads = json.loads(record.read_text())["access"] if record.exists() else heads_in(path)
    claims = [_claim(path, head) for head in heads or ()]
    if claims:
        claims[-1] = replace(claims[-1], key=key or claims[-1].key, seen=seen)
    return claims


def _claim(folder: Path, head: dict[str, Any]) -> Claim:
    path = folder / head["file"]
    if head["key"] is None:
        raise Tampered(f"{path} has, or had at the run's end, no head that can be read")
    key = bytes.fromhex(head["key"])
    return Claim(path=path, key=key, seen=None, last=head["head"])


def _checked(claim: Claim) -> LogState:
    key = Ed25519PublicKey.from_public_bytes(claim.key)
    state = check_log(claim.path, key, claim.seen)
    if claim.last not in (None, state.head):
        raise Tampered(f"{claim.path} has another head than {claim.last}, which is on record")
    return state


def _print(path: Path, state: LogState) -> None:
    entries = [json.loads(line) for line in path.read_bytes().splitlines()]
    print(f"{path}: Intact: {state.num_entries} entries, head {state.head}")
    for line in _told(entries):
        print(f"  {line}")


def _told(entries: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Yield how often each was let in for what, then every refusal."""
    fields = ("name", "action", "subject")
    admitted = Counter(
        tuple(entry.get(name) for name in fields) for entry in entries if not entry.get("refused")
    )
    for (name, action, subject), times in admitted.items():
        yield f"{name}: {action} {subject}, {times} times"
    for entry in entries:
        if entry.get("refused"):
            yield f"refused at {entry.get('detail')}: {entry['refused']}"


def _public_key(text: str) -> bytes:
    try:
        return Ed25519PublicKey.from_public_bytes(bytes.fromhex(text)).public_bytes_raw()
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"must be 64 hex digits, got {text!r}") from error


if __name__ == "__main__":
    main()
