"""Owns the sum by additive shares: each partner splits its entries in one share for each proxy,
each proxy adds up the shares it got, and the sum of these sums is the sum.

All shares but one are uniform words, and the last is what is missing to the entries: any shares but
all are uniform, whatever the entries are. Nobody has to be there for the sum to be revealed but the
proxies. As in `pairwise`, the processes of one harness play everybody, from the run's secret.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from runners.privacy import Merge
from runners.secure_sum import SumNotRevealed
from runners.secure_sum.fixed_point import NUM_EXTRA_ENTRIES, Coding, Words, reduced
from runners.secure_sum.key_agreement import KEY_BYTES
from runners.secure_sum.mask import Mask, add_masks
from runners.secure_sum.randomness import Randomness, randomness_of
from runners.secure_sum.rank_sum import as_tensor, rank_sum
from runners.secure_sum.rows import Rows

if TYPE_CHECKING:
    import torch

    from runners.learner.horovod import Ranks


LEAST_PARTNERS = 2


def split(entries: Words, num_shares: int, bits: int, randomness: Randomness) -> Words:
    """Return shares (num_shares, size), whose sum modulo 2**bits is `entries` (size,)."""
    shares = np.zeros((num_shares, len(entries)), dtype=entries.dtype)
    shares[-1] = entries
    for share in shares[:-1]:
        add_masks(share, [Mask(seed=randomness.bytes(KEY_BYTES), sign=1)])
        shares[-1] -= share
    return reduced(shares, bits)


class AdditiveSum:
    """Add up a merge's updates at several proxies (a `SumInProgress`)."""

    def __init__(
        self, size: int, num_proxies: int, merge: Merge, coding: Coding, ranks: "Ranks"
    ) -> None:
        if len(set(merge.partners)) < LEAST_PARTNERS:
            raise SumNotRevealed(
                "the sum of one partner's updates hides none of them, got updates of partners "
                f"{merge.partners}"
            )
        self._merge, self._ranks = merge, ranks
        self._rows = Rows(coding, merge)
        self._num_rows = 0
        shape = (num_proxies, size + NUM_EXTRA_ENTRIES)
        self._columns = np.zeros(shape, dtype=self._rows.grid.word)

    def add(self, updates: "torch.Tensor", partners: Sequence[int]) -> None:
        """Split each hosted partner's row, and add a share to each proxy's column."""
        for partner, entries in self._rows.encoded(updates, partners):
            self._num_rows += 1
            secrets = self._randomness(partner)
            num_proxies, bits = len(self._columns), self._rows.grid.bits
            self._columns += split(entries, num_proxies, bits, secrets)

    def _randomness(self, partner: int) -> Randomness:
        """Return what a partner's next update is split by; partners are on one rank each."""
        return randomness_of(self._merge, "secret_sharing", partner, self._num_rows)

    def finish(self) -> "torch.Tensor":
        """Return the sum over all ranks, float64 of shape (size,), and note in the merge's memory
        how many values have been clipped so far.
        """
        num_updates = len(self._merge.partners)
        columns = rank_sum(self._columns, self._num_rows, num_updates, self._ranks)
        total = columns.sum(axis=0, dtype=columns.dtype)
        return as_tensor(self._rows.decoded(reduced(total, self._rows.grid.bits)), self._ranks)
