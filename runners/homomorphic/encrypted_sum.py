"""Owns a sum of encrypted updates among ranks.

Each update is encrypted by itself and goes to the proxy's rank only: every partner could decrypt
it. The proxy sends the encrypted sum to all, and all decrypt it. Updates are worked through in
blocks of slots and, within, one update of each rank at a time, so that neither memory nor a message
grows with the model or the cohort.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from runners.homomorphic import Scheme
from runners.homomorphic.frames import pack, unpack
from runners.homomorphic.keys import PROXY_RANK, Keys

if TYPE_CHECKING:
    from runners.learner.horovod import Ranks

NUM_IN_BLOCK = 64
"""Ciphertexts of an update that are under way at once: about 21 MB."""


class EncryptedSum:
    """Add up a merge's updates as ciphertexts; see `runners.privacy.SumInProgress`."""

    def __init__(self, size: int, scheme: Scheme, keys: Keys, ranks: "Ranks") -> None:
        self._size = size
        self._scheme = scheme
        self._keys = keys
        self._ranks = ranks
        self._rows: list[torch.Tensor] = []

    def add(self, updates: torch.Tensor, partners: Sequence[int]) -> None:
        """Take rows of hosted partners, their weights multiplied in."""
        self._rows.extend(updates.detach().to("cpu", copy=True))

    def finish(self) -> torch.Tensor:
        """Return the sum over all ranks, float64 of shape (size,)."""
        counts = self._ranks.gather(len(self._rows), "ckks updates")
        total = torch.zeros(self._size, dtype=torch.float64)
        if sum(counts) > 0:
            step = NUM_IN_BLOCK * self._scheme.num_slots
            for start in range(0, self._size, step):
                block = slice(start, min(start + step, self._size))
                total[block] = self._sum_of(block, counts)
        return total.to(self._ranks.device)

    def _sum_of(self, block: slice, counts: Sequence[int]) -> torch.Tensor:
        """Return the sum of all updates' numbers in this block."""
        adder, most_absolute = self._keys.adder, self._scheme.most_absolute(sum(counts))
        for number in range(max(counts)):
            ciphertexts = []
            if number < len(self._rows):
                row = self._rows[number][block]
                ciphertexts = self._keys.holder.encrypt(row, most_absolute)
            to_proxy = [b""] * self._ranks.size
            to_proxy[PROXY_RANK] = pack(ciphertexts)
            for message in self._ranks.exchange_bytes(to_proxy, "ckks update"):
                if message and adder is not None:
                    adder.add(unpack(message))
        return self._decrypted(b"" if adder is None else pack(adder.take()))

    def _decrypted(self, encrypted: bytes) -> torch.Tensor:
        """Return what the proxy's `encrypted` sum, on all ranks, is."""
        received = self._ranks.exchange_bytes([encrypted] * self._ranks.size, "ckks sum")
        return torch.from_numpy(self._keys.holder.decrypt(unpack(received[PROXY_RANK])))
