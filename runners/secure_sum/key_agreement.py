"""Owns how two parties get a secret that nobody else has: X25519, then HKDF with SHA-256.

Keys are 32 bytes. The secret is bound to both public keys and to a purpose, so that masks and
envelopes never share a key.
"""

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32


class KeyPair:
    """Hold a private key and its public one."""

    def __init__(self, private: bytes) -> None:
        """Take 32 random bytes; five of their bits are set as RFC 7748 (section 5) asks."""
        self.private = clamped(private)
        self._key = X25519PrivateKey.from_private_bytes(self.private)
        self.public = self._key.public_key().public_bytes_raw()

    def agree(self, public: bytes, purpose: str) -> bytes:
        """Return the secret of 32 bytes that the owner of `public` gets from this pair's."""
        shared = self._key.exchange(X25519PublicKey.from_public_bytes(public))
        info = purpose.encode() + b"".join(sorted((self.public, public)))
        return HKDF(SHA256(), KEY_BYTES, salt=None, info=info).derive(shared)


def clamped(private: bytes) -> bytes:
    """Return the private key that X25519 computes with; as a little-endian number below 2**255."""
    low, high = private[0] & 248, private[31] & 127 | 64
    return bytes([low, *private[1:31], high])
