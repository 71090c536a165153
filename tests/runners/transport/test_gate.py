"""Every access is decided and written down."""

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from runners.transport import Access, Refused
from runners.transport.audit_log import AuditLog, check_log
from runners.transport.gate import Gate
from runners.transport.tokens import issue
from tests.runners.transport.members import AUTHORITY, NOW_S, token_of

KEY = Ed25519PrivateKey.generate()
READ_UPDATE = Access(action="read", subject="update", detail="partner 3, merge 7")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "audit.jsonl"


@pytest.fixture
def gate(path: Path) -> Gate:
    return Gate(AUTHORITY.public_key(), AuditLog(path, KEY), lambda: NOW_S)


def entries(path: Path) -> list[dict[str, object]]:
    check_log(path, KEY.public_key())
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_who_has_the_right_is_let_through_and_written_down(gate: Gate, path: Path) -> None:
    token = token_of("hub", "proxy")
    assert gate.admit(issue(token, AUTHORITY), READ_UPDATE) == token
    (entry,) = entries(path)
    assert {key: entry[key] for key in entry if key not in ("number", "previous")} == {
        "at_s": NOW_S,
        "name": "hub",
        "roles": ["proxy"],
        "action": "read",
        "subject": "update",
        "detail": "partner 3, merge 7",
        "refused": None,
    }


def test_who_has_not_is_refused_and_written_down(gate: Gate, path: Path) -> None:
    token = issue(token_of("shop", "deployer", "auditor"), AUTHORITY)
    reason = "shop, who is deployer and auditor, must not read update; it takes another role"
    with pytest.raises(Refused, match=f"^{reason}$"):
        gate.admit(token, READ_UPDATE)
    (entry,) = entries(path)
    assert (entry["name"], entry["refused"]) == ("shop", reason)


def test_a_bad_token_is_refused_and_written_down_without_a_name(gate: Gate, path: Path) -> None:
    forged = issue(token_of("hub", "proxy"), Ed25519PrivateKey.generate())
    with pytest.raises(Refused, match="not signed by the authority"):
        gate.admit(forged, READ_UPDATE)
    (entry,) = entries(path)
    assert entry["name"] is None and "not signed" in str(entry["refused"])


def test_a_token_that_was_good_is_refused_when_its_time_is_over(path: Path) -> None:
    times = iter([1099.0, 1100.0])
    gate = Gate(AUTHORITY.public_key(), AuditLog(path, KEY), lambda: next(times))
    token = issue(token_of("hub", "proxy"), AUTHORITY)
    gate.admit(token, READ_UPDATE)
    with pytest.raises(Refused, match=r"is valid from 900.0 until 1100.0, and now is 1100.0"):
        gate.admit(token, READ_UPDATE)
    assert [entry["name"] for entry in entries(path)] == ["hub", None]


def test_of_many_the_first_refusal_is_told_and_all_are_written_down(gate: Gate, path: Path) -> None:
    hub, shop, market = (
        issue(token_of(name, role), AUTHORITY)
        for name, role in (("hub", "proxy"), ("shop", "deployer"), ("market", "auditor"))
    )
    assert [token.name for token in gate.admit_all([(hub, READ_UPDATE)] * 2)] == ["hub", "hub"]
    with pytest.raises(Refused, match=r"^shop, who is deployer, must not read update"):
        gate.admit_all([(one, READ_UPDATE) for one in (hub, shop, market)])
    refused = [entry["refused"] is not None for entry in entries(path)]
    assert refused == [False, False, False, True, True]


def test_details_can_not_pass_for_entries(gate: Gate, path: Path) -> None:
    access = Access(action="read", subject="update", detail='x"}\n{"number": 1}\n')
    gate.admit(issue(token_of("hub", "proxy"), AUTHORITY), access)
    assert [entry["detail"] for entry in entries(path)] == [access.detail]
