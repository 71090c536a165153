"""An authority, its members and their tokens."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from runners.transport import Token
from runners.transport.handshake import Member
from runners.transport.tokens import issue

AUTHORITY = Ed25519PrivateKey.generate()
NOW_S = 1000.0


def token_of(name: str, *roles: str, key: Ed25519PrivateKey | None = None) -> Token:
    """Return a token that is valid from 900 until 1,100 s."""
    key = key or Ed25519PrivateKey.generate()
    return Token(
        name=name,
        roles=roles,
        public_key=key.public_key().public_bytes_raw(),
        valid_from_s=900.0,
        valid_until_s=1100.0,
    )


def member(name: str, authority: Ed25519PrivateKey = AUTHORITY) -> Member:
    key = Ed25519PrivateKey.generate()
    return Member(name, issue(token_of(name, "trainer", key=key), authority), key)
