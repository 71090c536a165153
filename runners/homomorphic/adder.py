"""Owns what the proxy does: add ciphertexts, with a context that has no secret key.

In and out: ciphertexts as bytes, a list for each partner, the same slots at the same place. What an
`Adder` holds can't decrypt them.
"""

from collections.abc import Sequence

import tenseal

from runners.homomorphic.key_holder import NUM_THREADS


class Adder:
    """Add up ciphertexts until the sum is taken."""

    def __init__(self, public_part: bytes) -> None:
        """Take a context without a secret key; raises ValueError for one that has it."""
        self.context = tenseal.context_from(public_part, n_threads=NUM_THREADS)
        if self.context.has_secret_key():
            raise ValueError("the proxy must not hold the secret key, got a context that has it")
        self._sums: list[tenseal.CKKSVector] = []

    def add(self, ciphertexts: Sequence[bytes]) -> None:
        """Add one update's ciphertexts."""
        terms = [tenseal.ckks_vector_from(self.context, one) for one in ciphertexts]
        if not self._sums:
            self._sums = terms
            return
        for total, term in zip(self._sums, terms, strict=True):
            total.add_(term)

    def take(self) -> list[bytes]:
        """Return the sum's ciphertexts, and start anew."""
        sums, self._sums = self._sums, []
        return [total.serialize() for total in sums]
