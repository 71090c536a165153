"""Owns how two members agree on the keys of a session.

Each sends a hello: its token, a fresh X25519 key, and its signature of this key, of the session and
of both names. So a hello is good for one receiver and session only; who replays one gets a channel
that it can't read. Keys come from both fresh keys (HKDF-SHA-256, with all that was said as context)
and are not kept: who learns a member's signing key later reads no past session.
"""

import json
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from runners.transport import Refused, Tampered, Token
from runners.transport.channel import Channel
from runners.transport.tokens import read_token

KEY_BYTES = 32


class Member:
    """Hold what a member shows and signs with: its name, its token and its key."""

    def __init__(self, name: str, token: str, key: Ed25519PrivateKey) -> None:
        self.name = name
        self.token = token
        self.key = key


class Handshake:
    """Agree with one peer on the keys of one session; used once."""

    def __init__(self, member: Member, peer: str, session: str) -> None:
        """Begin with a fresh key; the two names must differ."""
        if member.name == peer:
            raise ValueError(f"a member needs a peer other than itself, got {peer} twice")
        self._member, self._peer, self._session = member, peer, session
        self._fresh = X25519PrivateKey.generate()

    def hello(self) -> bytes:
        """Return what the peer must get."""
        fresh = self._fresh.public_key().public_bytes_raw()
        statement = _statement(self._session, self._member.name, self._peer, fresh)
        fields = {
            "token": self._member.token,
            "fresh": fresh.hex(),
            "signature": self._member.key.sign(statement).hex(),
        }
        return json.dumps(fields).encode()

    def meet(
        self, hello: bytes, authority: Ed25519PublicKey, now_s: float
    ) -> tuple[Token, Channel]:
        """Return who the peer is and the channel to it; raises Tampered for a hello that is not of
        this peer, to this member and for this session, and Refused for one without a valid token.
        """
        fields = _parsed(hello)
        token = read_token(fields["token"], authority, now_s)
        if token.name != self._peer:
            raise Refused(f"expected {self._peer}, got a token of {token.name}")
        theirs = fields["fresh"]
        statement = _statement(self._session, self._peer, self._member.name, theirs)
        try:
            Ed25519PublicKey.from_public_bytes(token.public_key).verify(
                fields["signature"], statement
            )
            shared = self._fresh.exchange(X25519PublicKey.from_public_bytes(theirs))
        except (InvalidSignature, ValueError) as error:  # ValueError: a key of low order
            raise Tampered(f"the hello of {self._peer} was altered or is not for us") from error
        return token, self._channel(shared, statement)

    def _channel(self, shared: bytes, theirs: bytes) -> Channel:
        """Return the channel under the keys that both sides derive alike."""
        fresh = self._fresh.public_key().public_bytes_raw()
        ours = _statement(self._session, self._member.name, self._peer, fresh)
        kdf = HKDF(
            algorithm=hashes.SHA256(),
            length=2 * KEY_BYTES,
            salt=None,
            info=b"".join(sorted([ours, theirs])),
        )
        keys = kdf.derive(shared)
        first, second = keys[:KEY_BYTES], keys[KEY_BYTES:]
        if self._member.name < self._peer:
            return Channel(send_key=first, receive_key=second)
        return Channel(send_key=second, receive_key=first)


def _statement(session: str, sender: str, receiver: str, fresh: bytes) -> bytes:
    """Return what a hello's signature is of; JSON keeps its parts apart."""
    return json.dumps(["accord hello", session, sender, receiver, fresh.hex()]).encode()


def _parsed(hello: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(hello)
        return {
            "token": str(fields["token"]),
            "fresh": bytes.fromhex(fields["fresh"]),
            "signature": bytes.fromhex(fields["signature"]),
        }
    except (ValueError, KeyError, TypeError) as error:
        raise Tampered(f"a hello can't be read ({error}); it was altered or is none") from error
