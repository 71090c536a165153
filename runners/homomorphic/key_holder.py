"""Owns what a partner does with the key: encrypt its update, decrypt the sum.

In: numbers, float32 or float64 of shape (size,). Out: ciphertexts as SEAL serialises them, one for
every `num_slots` numbers; and back. SEAL draws keys and noise from the operating system, and takes
no seed: two encryptions of one number differ, and so do sums in their eighth decimal.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import tenseal
from numpy.typing import NDArray

from runners.homomorphic import Scheme

if TYPE_CHECKING:
    import torch

NUM_THREADS = 1
"""Ranks share the cores; TenSEAL would take all of them."""


def new_key(scheme: Scheme) -> bytes:
    """Draw a secret key; return the context that holds it, with the public key."""
    context = tenseal.context(
        tenseal.SCHEME_TYPE.CKKS,
        scheme.poly_modulus_degree,
        coeff_mod_bit_sizes=list(scheme.coeff_mod_bit_sizes),
        n_threads=NUM_THREADS,
    )
    context.global_scale = 2.0**scheme.scale_bits
    return context.serialize(
        save_secret_key=True,
        save_galois_keys=False,  # for rotations and products; sums need neither
        save_relin_keys=False,
    )


class KeyHolder:
    """Encrypt and decrypt with the key that all partners hold."""

    def __init__(self, key: bytes, scheme: Scheme) -> None:
        """Take what `new_key` returned."""
        self._context = tenseal.context_from(key, n_threads=NUM_THREADS)
        self._num_slots = scheme.num_slots

    def public_part(self) -> bytes:
        """Return the context without the secret key, for those who add."""
        return self._context.serialize(
            save_secret_key=False, save_galois_keys=False, save_relin_keys=False
        )

    def encrypt(self, numbers: "torch.Tensor", most_absolute: float) -> list[bytes]:
        """Return the numbers' ciphertexts; raises ValueError for numbers that are not finite or
        larger than the sum has room for.
        """
        values = numbers.detach().cpu().double().numpy()
        if not np.abs(values).max(initial=0.0) <= most_absolute:  # also where it is NaN
            raise ValueError(
                f"updates must be finite and at most {most_absolute:g} to be encrypted with "
                f"privacy=ckks, got {np.abs(values).max():g}; training may have diverged: try a "
                "lower task.optimizer.learning_rate, or privacy=[clip,ckks]"
            )
        starts = range(0, len(values), self._num_slots)
        return [self._encrypted(values[start : start + self._num_slots]) for start in starts]

    def decrypt(self, ciphertexts: Sequence[bytes]) -> NDArray[np.float64]:
        """Return the numbers behind ciphertexts that were encrypted with this key."""
        pieces = [
            tenseal.ckks_vector_from(self._context, ciphertext).decrypt()
            for ciphertext in ciphertexts
        ]
        return np.concatenate([np.array(piece) for piece in pieces]) if pieces else np.zeros(0)

    def _encrypted(self, values: NDArray[np.float64]) -> bytes:
        return tenseal.ckks_vector(self._context, values).serialize()
