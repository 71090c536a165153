"""Two members agree on keys, and nobody else gets between them."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runners.transport import Refused, Tampered
from runners.transport.channel import Channel
from runners.transport.handshake import Handshake, Member
from tests.runners.transport.members import AUTHORITY, NOW_S, member, token_of

PUBLIC = AUTHORITY.public_key()
WEST, EAST, EVE = member("west"), member("east"), member("eve")


def begin(me: Member, peer: str, session: str = "run 1") -> Handshake:
    return Handshake(me, peer, session)


def channels(session: str = "run 1") -> tuple[Channel, Channel]:
    west, east = begin(WEST, "east", session), begin(EAST, "west", session)
    return (
        west.meet(east.hello(), PUBLIC, NOW_S)[1],
        east.meet(west.hello(), PUBLIC, NOW_S)[1],
    )


def test_both_get_one_channel() -> None:
    west, east = channels()
    assert east.open(west.seal(b"update", "merge"), "merge") == b"update"
    assert west.open(east.seal(b"model", "merge"), "merge") == b"model"


def test_they_know_each_other() -> None:
    token, _ = begin(EAST, "west").meet(begin(WEST, "east").hello(), PUBLIC, NOW_S)
    assert (token.name, token.roles) == ("west", ("trainer",))


def test_each_session_has_its_own_keys() -> None:
    (west, _), (_, later) = channels(), channels()
    with pytest.raises(Tampered):
        later.open(west.seal(b"update", "merge"), "merge")


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_an_altered_hello_is_noticed(data: st.DataObject) -> None:
    hello = begin(WEST, "east").hello()
    place = data.draw(st.integers(0, len(hello) - 1))
    altered = hello[:place] + bytes([data.draw(st.integers(0, 127))]) + hello[place + 1 :]
    try:
        is_the_same = json.loads(altered) == json.loads(hello)  # white space, or A for a
    except ValueError:
        is_the_same = False
    if not is_the_same and altered.lower() != hello.lower():
        with pytest.raises((Tampered, Refused)):
            begin(EAST, "west").meet(altered, PUBLIC, NOW_S)


def test_a_hello_for_another_member_or_session_or_of_another_is_noticed() -> None:
    for hello in (
        begin(WEST, "eve").hello(),
        begin(WEST, "east", "run 2").hello(),
    ):
        with pytest.raises(Tampered, match="the hello of west was altered or is not for us"):
            begin(EAST, "west").meet(hello, PUBLIC, NOW_S)
    with pytest.raises(Refused, match="expected west, got a token of eve"):
        begin(EAST, "west").meet(begin(EVE, "east").hello(), PUBLIC, NOW_S)


def test_who_has_anothers_token_but_not_its_key_is_noticed() -> None:
    thief = Member("west", WEST.token, EVE.key)
    with pytest.raises(Tampered):
        begin(EAST, "west").meet(begin(thief, "east").hello(), PUBLIC, NOW_S)


def test_a_member_of_another_authority_is_refused() -> None:
    stranger = member("west", authority=EVE.key)
    with pytest.raises(Refused, match="not signed by the authority"):
        begin(EAST, "west").meet(begin(stranger, "east").hello(), PUBLIC, NOW_S)


def test_an_old_token_is_refused() -> None:
    with pytest.raises(Refused, match="valid from"):
        begin(EAST, "west").meet(
            begin(WEST, "east").hello(), PUBLIC, token_of("x", "proxy").valid_until_s
        )


def test_who_replays_a_hello_can_neither_read_nor_write() -> None:
    west = begin(WEST, "east")
    recorded = west.hello()
    old = west.meet(begin(EAST, "west").hello(), PUBLIC, NOW_S)[1]
    now = begin(EAST, "west").meet(recorded, PUBLIC, NOW_S)[1]  # east begins anew, eve replays
    with pytest.raises(Tampered):
        now.open(old.seal(b"old", "merge"), "merge")


def test_refuses_a_key_of_low_order_and_a_peer_that_is_itself() -> None:
    hello = json.loads(begin(WEST, "east").hello())
    zero = bytes(32)
    from runners.transport.handshake import _statement

    hello |= {
        "fresh": zero.hex(),
        "signature": WEST.key.sign(_statement("run 1", "west", "east", zero)).hex(),
    }
    with pytest.raises(Tampered):
        begin(EAST, "west").meet(json.dumps(hello).encode(), PUBLIC, NOW_S)
    with pytest.raises(ValueError, match="a peer other than itself"):
        begin(WEST, "west")
