"""Who is who, and may do what."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from runners.transport import ROLES, Access, Refused
from runners.transport.rights import RIGHTS, may
from runners.transport.tokens import issue, read_token
from tests.runners.transport.members import AUTHORITY, NOW_S, token_of

PUBLIC = AUTHORITY.public_key()
TOKEN = token_of("west", "trainer", "provider")
TEXT = issue(TOKEN, AUTHORITY)


def access(action: str, subject: str) -> Access:
    return Access(action=action, subject=subject, detail="")


def test_a_token_comes_back() -> None:
    assert read_token(TEXT, PUBLIC, NOW_S) == TOKEN


@settings(deadline=None)
@given(st.integers(0, len(TEXT) - 1), st.characters(codec="ascii"))
def test_an_altered_token_is_refused(place: int, character: str) -> None:
    altered = TEXT[:place] + character + TEXT[place + 1 :]
    if altered != TEXT:
        with pytest.raises(Refused, match="not signed by the authority"):
            read_token(altered, PUBLIC, NOW_S)


@settings(deadline=None)
@given(st.text(max_size=50))
def test_no_other_text_is_a_token(text: str) -> None:
    with pytest.raises(Refused):
        read_token(text, PUBLIC, NOW_S)


def test_a_token_of_another_authority_is_refused() -> None:
    with pytest.raises(Refused, match="not signed by the authority"):
        read_token(issue(TOKEN, Ed25519PrivateKey.generate()), PUBLIC, NOW_S)


@pytest.mark.parametrize(("now_s", "is_valid"), [(899.9, 0), (900, 1), (1099.9, 1), (1100, 0)])
def test_a_token_has_its_time(now_s: float, is_valid: int) -> None:
    if is_valid:
        assert read_token(TEXT, PUBLIC, now_s).name == "west"
    else:
        with pytest.raises(Refused, match=r"valid from 900\.0 until 1100\.0, and now is"):
            read_token(TEXT, PUBLIC, now_s)


def test_refuses_unknown_roles_and_none() -> None:
    with pytest.raises(ValueError, match=r"^roles must be some of provider, .*, got \['king'\]"):
        token_of("west", "king")
    with pytest.raises(ValueError, match=r"^roles must be some of"):
        token_of("west")


def test_every_role_has_its_rights() -> None:
    assert set(RIGHTS) == set(ROLES)


@pytest.mark.parametrize(
    ("role", "action", "subject", "is_allowed"),
    [
        ("proxy", "read", "update", True),
        ("proxy", "read", "data", False),
        ("proxy", "read", "prepared_data", False),
        ("trainer", "write", "update", True),
        ("trainer", "read", "update", False),
        ("trainer", "read", "data", False),
        ("processor", "read", "data", True),
        ("deployer", "read", "model", True),
        ("deployer", "write", "model", False),
        ("auditor", "read", "audit_log", True),
        ("auditor", "read", "model", False),
        ("provider", "read", "model", False),
    ],
)
def test_rights(role: str, action: str, subject: str, is_allowed: bool) -> None:
    assert may([role], access(action, subject)) is is_allowed


def test_roles_add_up_and_what_is_not_listed_is_forbidden() -> None:
    assert may(["deployer", "proxy"], access("read", "update"))
    assert not may([], access("read", "update"))
    assert not may(ROLES, access("erase", "audit_log"))


def test_nobody_may_write_the_log_or_read_raw_data_but_processors() -> None:
    assert not may(ROLES, access("write", "audit_log"))
    readers = [role for role in ROLES if may([role], access("read", "data"))]
    assert readers == ["processor"]
