"""Owns the pairwise-masked sum in a merge: which parties there are, and the rounds between them.

Here the processes of one harness play all parties: every rank plays everybody's messages, and masks
the vectors of the partners it hosts. So that ranks agree, parties' secrets come from the run's, by
their names. No result depends on them. Masked vectors are added up by Horovod's allreduce, so a
rank's sum travels and no tag of a single one (`Party.send`).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from runners.privacy import Merge
from runners.secure_sum import SumNotRevealed
from runners.secure_sum.fixed_point import NUM_EXTRA_ENTRIES, Coding, Words
from runners.secure_sum.graph import degree, neighbours
from runners.secure_sum.messages import Revealed
from runners.secure_sum.party import Party
from runners.secure_sum.plan import LEAST_THRESHOLD, Plan
from runners.secure_sum.proxy import Proxy, check_survivors
from runners.secure_sum.randomness import randomness_of
from runners.secure_sum.rank_sum import as_tensor, rank_sum
from runners.secure_sum.rows import Rows

if TYPE_CHECKING:
    import torch

    from runners.learner.horovod import Ranks


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Say how the parties of every merge code their values and share their secrets."""

    coding: Coding
    degree_factor: float | None
    threshold_fraction: float


def plan_of(merge: Merge, setting: Setting, bits: int) -> Plan:
    """Return the plan of a merge; those who dropped out were there when it began.

    Raise SumNotRevealed where too few are left, before anybody sends a vector.
    """
    parties = sorted({*merge.partners, *merge.dropped})
    if len(parties) < LEAST_THRESHOLD:
        raise SumNotRevealed(f"the sum of {len(parties)} partner's updates hides none of them")
    num_neighbours = degree(len(parties), setting.degree_factor)
    plan = Plan(
        bits=bits,
        neighbours=neighbours(parties, num_neighbours, merge.stream("secagg", "graph")),
        threshold_fraction=setting.threshold_fraction,
    )
    check_survivors(plan, sorted(set(merge.partners)))
    return plan


def share_secrets(parties: Sequence[Party], proxy: Proxy) -> None:
    """Play the rounds before vectors are sent: keys, and sealed shares of secrets."""
    keys = proxy.take_keys([party.advertise() for party in parties])
    letters = [letter for party in parties for letter in party.share(keys)]
    by_receiver = proxy.route(letters)
    for party in parties:
        party.receive(by_receiver.get(party.number, ()))


class PairwiseSum:
    """Add up a merge's updates under masks (a `SumInProgress`).

    A partner with several updates in one merge adds them up itself, and masks their sum.
    """

    def __init__(self, size: int, merge: Merge, setting: Setting, ranks: "Ranks") -> None:
        """Play the rounds up to the shares; raise SumNotRevealed, on all ranks, where too few
        partners are left.
        """
        self._merge, self._ranks = merge, ranks
        self._rows = Rows(setting.coding, merge)
        grid = self._rows.grid
        self._plan = plan_of(merge, setting, grid.bits)
        self._expected = Counter(merge.partners)
        self._pending: dict[int, Words] = {}
        self._num_rows = 0
        self._total = np.zeros(size + NUM_EXTRA_ENTRIES, dtype=grid.word)
        self._proxy = Proxy(self._plan, randomness_of(merge, "secagg", "proxy"))
        self._parties = {party: self._party(party) for party in sorted(self._plan.neighbours)}
        share_secrets(list(self._parties.values()), self._proxy)

    def add(self, updates: "torch.Tensor", partners: Sequence[int]) -> None:
        """Mask each hosted partner's row, once all its updates are there, and add it up."""
        for partner, entries in self._rows.encoded(updates, partners):
            self._num_rows += 1
            if partner in self._pending:
                entries += self._pending.pop(partner)
            self._expected[partner] -= 1
            if self._expected[partner] > 0:
                self._pending[partner] = entries
            else:
                self._total += self._parties[partner].masked(entries)

    def finish(self) -> "torch.Tensor":
        """Return the sum over all ranks, float64 of shape (size,), and note in the merge's memory
        how many values have been clipped so far.
        """
        partners = self._merge.partners
        survivors = sorted(set(partners))
        masked = rank_sum(self._total, self._num_rows, len(partners), self._ranks)
        total = self._proxy.unmask(masked, survivors, self._reveal(survivors))
        return as_tensor(self._rows.decoded(total), self._ranks)

    def _party(self, number: int) -> Party:
        secrets = randomness_of(self._merge, "secagg", "party", number)
        return Party(number, self._plan, self._proxy.public_key, secrets)

    def _reveal(self, survivors: Sequence[int]) -> list[Revealed]:
        left = frozenset(survivors)
        return [self._parties[party].reveal(left) for party in survivors]
