"""Who is let into merges: by tokens that the hosting rank shows, as the log then tells."""

import dataclasses
import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from runners.transport import Credentials, Refused, Tampered
from runners.transport.admission import Admissions
from runners.transport.audit_log import check_log
from runners.transport.logs import access_of, heads_in, path_of
from runners.transport.sealed_ranks import joined
from runners.transport.session import new_credentials
from runners.transport.tokens import read_token
from runners.transport.verify import main as verify
from tests.runners.homomorphic.thread_ranks import ThreadRanks, on_threads

PARTNERS = ("north", "east", "south", "west")
Act = Callable[[Admissions], Any]


def issued(roles: Mapping[str, Sequence[str]] | None = None) -> list[Credentials]:
    return new_credentials(2, PARTNERS, roles or {})


def on_ranks(credentials: list[Credentials], folder: Path, act: Act, has_proxy: bool = True) -> Any:
    """Let two ranks join a session, and do something with its admissions."""

    def work(ranks: ThreadRanks) -> Any:
        mine = credentials[ranks.rank]
        sealed = joined(ranks, mine)  # type: ignore[arg-type]
        return act(Admissions(sealed, mine, folder, has_proxy=has_proxy))

    return on_threads(2, work)


def told(folder: Path, number: int = 1) -> list[tuple[str, str, str, str]]:
    """Return the entries of a log: who, what, and about which merge."""
    lines = path_of(folder, number).read_text().splitlines()
    fields = ("name", "action", "subject", "detail")
    return [tuple(json.loads(line)[field] for field in fields) for line in lines]


def admit_two(admissions: Admissions) -> None:
    admissions.admit([3, 0, 3], "merge 7")


def test_partners_and_the_proxy_are_let_in_and_written_down(tmp_path: Path) -> None:
    credentials = issued()
    on_ranks(credentials, tmp_path, admit_two)
    assert told(tmp_path) == [
        ("west", "write", "update", "merge 7"),
        ("west", "read", "sum", "merge 7"),
        ("north", "write", "update", "merge 7"),
        ("north", "read", "sum", "merge 7"),
        ("proxy", "read", "update", "merge 7"),
        ("proxy", "write", "sum", "merge 7"),
    ]
    assert credentials[0].log_key is not None
    key = Ed25519PrivateKey.from_private_bytes(credentials[0].log_key).public_key()
    assert check_log(path_of(tmp_path, 1), key).num_entries == 6


def test_among_partners_nobody_asks_for_a_proxy(tmp_path: Path) -> None:
    on_ranks(issued(), tmp_path, admit_two, has_proxy=False)
    assert {name for name, *_ in told(tmp_path)} == {"north", "west"}


def test_a_partner_without_the_right_is_refused(tmp_path: Path) -> None:
    credentials = issued({"west": ("deployer", "auditor")})
    with pytest.raises(Refused, match=r"^west, who is deployer and auditor, must not write update"):
        on_ranks(credentials, tmp_path, admit_two)
    lines = path_of(tmp_path, 1).read_text().splitlines()
    refused = [json.loads(line)["refused"] for line in lines]
    assert [reason is None for reason in refused] == [False, False] + 4 * [True]
    on_ranks(credentials, tmp_path, lambda admissions: admissions.admit([0, 1, 2], "merge 1"))


@pytest.mark.parametrize(
    "steal",
    [
        lambda ours, theirs: {1: ours.partner_tokens[1], 2: theirs.partner_tokens[2]},
        lambda ours, theirs: {1: theirs.partner_tokens[0], 3: ours.partner_tokens[3]},
        lambda ours, theirs: {0: ours.partner_tokens[1]},
    ],
)
def test_a_rank_does_not_speak_for_partners_that_it_does_not_host(
    tmp_path: Path, steal: Callable[[Credentials, Credentials], Mapping[int, str]]
) -> None:
    first, second = issued()
    thief = dataclasses.replace(second, partner_tokens=steal(second, first))
    with pytest.raises(Refused, match=r"^rank 1 shows the token of .*, which it does not host"):
        on_ranks([first, thief], tmp_path, admit_two)


def test_credentials_of_another_run_open_nothing(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="not signed by the authority"):
        on_ranks([issued()[0], issued()[1]], tmp_path, admit_two)


def test_each_run_has_keys_of_its_own() -> None:
    first, second = issued(), issued()
    for field in ("session", "authority", "token", "key", "log_key", "proxy_token"):
        if getattr(first[0], field) is not None:
            assert getattr(first[0], field) != getattr(second[0], field)
    assert first[1].log_key is None and first[1].proxy_token is None
    assert first[0].key != first[1].key and first[0].session == first[1].session


def test_private_keys_are_not_printed() -> None:
    for one in issued():
        assert repr(one.key) not in repr(one) and "log_key" not in repr(one)


def test_tokens_name_roles_and_are_for_the_host_s_key() -> None:
    for rank, mine in enumerate(issued({"east": ("provider",)})):
        key = Ed25519PrivateKey.from_private_bytes(mine.key).public_key().public_bytes_raw()
        authority = Ed25519PublicKey.from_public_bytes(mine.authority)
        assert list(mine.partner_tokens) == [rank, rank + 2]
        for number, text in mine.partner_tokens.items():
            token = read_token(text, authority, time.time())
            assert (token.name, token.public_key) == (PARTNERS[number], key)
            assert token.roles == (("provider",) if token.name == "east" else ("trainer",))


def flip(path: Path, place: int) -> None:
    """Change one byte of a file."""
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def test_a_log_that_was_changed_is_noticed_while_the_run_goes_on(tmp_path: Path) -> None:
    def act(admissions: Admissions) -> None:
        admissions.admit([0], "merge 0")
        admissions.check()
        if admissions._desk is not None:
            flip(path_of(tmp_path, 1), 20)
        admissions.check()

    with pytest.raises(Tampered):
        on_ranks(issued(), tmp_path, act)


def recorded(folder: Path) -> list[dict[str, Any]]:
    """Leave a record as a run does, and return what it says of the logs."""
    access = access_of(folder, {"learner": {"sealed": True}})
    assert access is not None
    (folder / "record.json").write_text(json.dumps({"access": access}))
    return access


def status_of(*arguments: str) -> int:
    """Return the exit status of the command."""
    try:
        verify(arguments)
    except SystemExit as error:
        assert isinstance(error.code, int)
        return error.code
    return 0


def test_a_run_that_goes_on_has_a_log_for_each_start(tmp_path: Path) -> None:
    for _ in range(2):
        on_ranks(issued(), tmp_path, admit_two)
    access = recorded(tmp_path)
    assert [log["file"] for log in access] == ["access.jsonl", "access-2.jsonl"]
    assert access[0]["key"] != access[1]["key"]
    assert [log["num_entries"] for log in access] == [6, 6]
    assert status_of(str(tmp_path)) == 0
    flip(tmp_path / "access.jsonl", 20)
    assert status_of(str(tmp_path)) == 1


def test_a_run_that_seals_nothing_has_no_log_on_record(tmp_path: Path) -> None:
    on_ranks(issued(), tmp_path, admit_two)
    assert access_of(tmp_path, {"learner": {"sealed": False}}) is None
    assert access_of(tmp_path, {"learner": "no option"}) is None


def test_the_command_checks_a_run_and_tells_who_was_let_in(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Refused):
        on_ranks(issued({"west": ("deployer",)}), tmp_path, admit_two)
    assert status_of(str(tmp_path)) == 0  # without a record, by the heads beside the logs
    (log,) = recorded(tmp_path)
    assert status_of(str(tmp_path)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert f"{tmp_path}/access.jsonl: Intact: 6 entries, head {log['head']}" in lines
    assert "  north: write update, 1 times" in lines and "  proxy: read update, 1 times" in lines
    assert any(line.startswith("  refused at merge 7: west, who is deployer") for line in lines)


def test_the_command_notices_what_was_changed_after_the_record(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def again(admissions: Admissions) -> None:
        admissions.admit([0], "merge 0")
        if admissions._desk is not None:
            recorded(tmp_path)
        admissions.admit([1], "merge 1")

    on_ranks(issued(), tmp_path, again)
    earlier = json.loads((tmp_path / "record.json").read_text())["access"][0]["head"]
    assert status_of(str(tmp_path)) == 1
    assert "has another head than" in capsys.readouterr().err
    recorded(tmp_path)
    assert status_of(str(tmp_path), "--seen", earlier) == 0
    assert status_of(str(tmp_path), "--seen", "f" * 64) == 1
    assert status_of(str(tmp_path), "--key", "00" * 32) == 1
    for place in range(0, path_of(tmp_path, 1).stat().st_size, 97):
        flip(path_of(tmp_path, 1), place)
        assert status_of(str(tmp_path)) == 1
        flip(path_of(tmp_path, 1), place)
    assert status_of(str(tmp_path)) == 0


def test_the_command_wants_a_run_with_logs(tmp_path: Path) -> None:
    assert status_of(str(tmp_path)) == 2
    (tmp_path / "record.json").write_text('{"access": null}')
    assert status_of(str(tmp_path)) == 2


def test_a_head_that_can_not_be_read_is_no_excuse(tmp_path: Path) -> None:
    on_ranks(issued(), tmp_path, admit_two)
    (tmp_path / "access.jsonl.head").unlink()
    assert heads_in(tmp_path) == [
        {"file": "access.jsonl", "key": None, "num_entries": None, "head": None}
    ]
    assert status_of(str(tmp_path)) == 1
