"""Byte strings that travel as one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runners.homomorphic.frames import pack, unpack


def test_by_hand() -> None:
    assert pack([b"abc", b""]) == b"\x03\x00\x00\x00abc\x00\x00\x00\x00"
    assert pack([]) == b""


@settings(deadline=None)
@given(st.lists(st.binary(max_size=20)))
def test_what_was_packed_comes_back(pieces: list[bytes]) -> None:
    assert unpack(pack(pieces)) == pieces


@settings(deadline=None)
@given(st.lists(st.binary(max_size=20), min_size=1), st.data())
def test_a_cut_is_seen_unless_it_is_between_pieces(
    pieces: list[bytes], data: st.DataObject
) -> None:
    message = pack(pieces)
    cut = message[: data.draw(st.integers(0, len(message) - 1))]
    whole = [pack(pieces[:number]) for number in range(len(pieces))]
    if cut in whole:
        assert unpack(cut) == pieces[: whole.index(cut)]
    else:
        with pytest.raises(ValueError, match="ends within a piece"):
            unpack(cut)
