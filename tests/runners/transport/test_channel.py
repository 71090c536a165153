"""Sealed messages: what comes through, and what is noticed."""

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from runners.transport import OutOfOrder, Tampered
from runners.transport.channel import OVERHEAD_BYTES, Channel

ONE, TWO = bytes(range(32)), bytes(range(32, 64))


def pair() -> tuple[Channel, Channel]:
    return Channel(ONE, TWO), Channel(TWO, ONE)


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=50))))
def test_messages_come_through_both_ways(messages: list[tuple[bool, bytes]]) -> None:
    left, right = pair()
    for goes_right, message in messages:
        sender, receiver = (left, right) if goes_right else (right, left)
        frame = sender.seal(message, "merge")
        assert len(frame) == len(message) + OVERHEAD_BYTES
        assert receiver.open(frame, "merge") == message


def test_a_frame_is_the_number_and_aes_gcm() -> None:
    left, _ = pair()
    left.seal(b"", "x")
    number = b"\0\0\0\0\0\0\0\1"
    assert left.seal(b"update", "merge") == number + AESGCM(ONE).encrypt(
        bytes(4) + number, b"update", b"merge"
    )


def test_a_frame_hides_the_message() -> None:
    left, _ = pair()
    message = b"the update of a partner"
    frames = [left.seal(message, "merge") for _ in range(2)]
    assert frames[0][8:] != frames[1][8:]
    assert not any(message[i : i + 4] in frame for i in range(20) for frame in frames)


@settings(deadline=None)
@given(st.binary(max_size=20), st.data())
def test_an_altered_frame_is_noticed_and_the_true_one_still_opens(
    message: bytes, data: st.DataObject
) -> None:
    left, right = pair()
    frame = left.seal(message, "merge")
    place = data.draw(st.integers(0, len(frame) - 1))
    flip = data.draw(st.integers(1, 255))
    altered = frame[:place] + bytes([frame[place] ^ flip]) + frame[place + 1 :]
    with pytest.raises(Tampered):
        right.open(altered, "merge")
    assert right.open(frame, "merge") == message


@settings(deadline=None)
@given(st.binary(max_size=20), st.data())
def test_a_frame_that_was_cut_or_lengthened_is_noticed(message: bytes, data: st.DataObject) -> None:
    left, right = pair()
    frame = left.seal(message, "merge")
    cut = frame[: data.draw(st.integers(0, len(frame) - 1))]
    for altered in (cut, frame + data.draw(st.binary(min_size=1, max_size=5))):
        with pytest.raises(Tampered, match="was altered"):
            right.open(altered, "merge")


@settings(deadline=None)
@given(st.lists(st.binary(max_size=5), min_size=2, max_size=8), st.data())
def test_only_the_next_message_opens(messages: list[bytes], data: st.DataObject) -> None:
    """Replayed, reordered and left out: whatever frame comes, in any order and as often as it may,
    it opens exactly if it is the next.
    """
    left, right = pair()
    frames = [left.seal(message, "merge") for message in messages]
    num_opened = 0
    for number in data.draw(st.lists(st.integers(0, len(frames) - 1), max_size=20)):
        if number == num_opened:
            assert right.open(frames[number], "merge") == messages[number]
            num_opened += 1
        else:
            what = "came again" if number < num_opened else "came before others"
            with pytest.raises(OutOfOrder, match=f"{what}; the next is {num_opened}$"):
                right.open(frames[number], "merge")


def test_a_message_about_something_else_is_noticed() -> None:
    left, right = pair()
    with pytest.raises(Tampered, match="a message about rows of"):
        right.open(left.seal(b"x", "merge"), "rows")


def test_a_message_that_comes_back_to_its_sender_is_noticed() -> None:
    left, _ = pair()
    with pytest.raises(Tampered):
        left.open(left.seal(b"x", "merge"), "merge")
    with pytest.raises(ValueError, match="a key for each direction"):
        Channel(ONE, ONE)
