"""Owns how several byte strings travel as one: each behind its length, 4 bytes, little-endian."""

import struct
from collections.abc import Sequence

_LENGTH = struct.Struct("<I")


def pack(pieces: Sequence[bytes]) -> bytes:
    """Return the pieces as one byte string; none as an empty one."""
    return b"".join(part for piece in pieces for part in (_LENGTH.pack(len(piece)), piece))


def unpack(message: bytes) -> list[bytes]:
    """Return what `pack` was given; raises ValueError for bytes that it did not make."""
    pieces, view, start = [], memoryview(message), 0
    while start < len(view):
        if start + _LENGTH.size > len(view):
            raise ValueError(_torn(message))
        (length,) = _LENGTH.unpack_from(view, start)
        start += _LENGTH.size
        if start + length > len(view):
            raise ValueError(_torn(message))
        pieces.append(bytes(view[start : start + length]))
        start += length
    return pieces


def _torn(message: bytes) -> str:
    return f"a message of {len(message)} bytes ends within a piece; it was cut or altered"
