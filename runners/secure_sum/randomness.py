"""Owns where a party's secrets come from: a stream cipher under a key of its own, so that secrets
that are revealed in the end (seeds, all shares of them) tell nothing of the others.

numpy's generators would not do: some outputs give away the rest.
"""

import hashlib

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CTR

from runners.privacy import Merge


class Randomness:
    """Yield random bytes; the same key yields the same."""

    def __init__(self, key: bytes) -> None:
        """Take a key of 32 bytes that is used for nothing else."""
        self._cipher = Cipher(AES256(key), CTR(bytes(16))).encryptor()

    def bytes(self, num_bytes: int) -> bytes:
        """Return the next bytes."""
        return self._cipher.update(bytes(num_bytes))


def randomness_of(merge: Merge, *names: str | int) -> Randomness:
    """Return the randomness of who is named, in this merge; from the run's secret."""
    words = "\x1f".join(str(name) for name in (merge.secret, merge.number, *names))
    return Randomness(hashlib.sha256(words.encode()).digest())
