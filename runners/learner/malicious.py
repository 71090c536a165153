"""Owns what malicious partners make of their updates, between training and privacy's mechanisms.

In: pieces of the updates that a rank's partners have trained. Out: pieces of what they send.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import torch

from runners.attack import Attack
from runners.learner.horovod import Ranks
from runners.privacy import Merge
from runners.stopwatch import Stopwatch

Piece = tuple[Sequence[int], torch.Tensor, torch.Tensor]
"""Some of the works of a rank: their numbers, counted among those of the rank, a row for each, and
their loss moments.
"""


class Malicious:
    """Let an attack act on updates; `memory` is what it remembers from merge to merge."""

    def __init__(self, attack: Attack, ranks: Ranks, stopwatch: Stopwatch, size: int) -> None:
        """`size` is that of an update."""
        self.memory: dict[str, Any] = {}
        self._attack = attack
        self._ranks = ranks
        self._stopwatch = stopwatch
        self._size = size

    @property
    def needs_rows(self) -> bool:
        """Whether the attack changes updates."""
        return self._attack.needs_rows

    def sent(
        self, pieces: Iterator[Piece], numbers: Sequence[int], merge: Merge
    ) -> Iterator[Piece]:
        """Yield what partners send instead of their updates; `numbers` are those of the rank's
        works among all of the merge. All ranks must use up what it yields.
        """
        told = replace(merge, memory=self.memory)
        if self._attack.needs_all_rows:
            yield from self._sent_together(pieces, numbers, told)
            return
        for some, updates, losses in pieces:
            partners = [merge.partners[numbers[number]] for number in some]
            yield some, self._attack.corrupt(updates, partners, told), losses

    def observe(self, before: torch.Tensor, after: torch.Tensor) -> None:
        """Show them the model, which is sent to them too, before and after a merge."""
        if self._attack.observes:
            self._attack.observe(after - before, self.memory)

    def _sent_together(
        self, pieces: Iterator[Piece], numbers: Sequence[int], merge: Merge
    ) -> Iterator[Piece]:
        """Show the attack the updates of all ranks at once, and yield those of this one."""
        losses = torch.zeros(len(numbers), 2, device=self._ranks.device)
        rows = torch.zeros(len(merge.partners), self._size, device=self._ranks.device)
        for some, updates, piece_losses in pieces:
            rows[[numbers[number] for number in some]] = updates
            losses[list(some)] = piece_losses
        with self._stopwatch.phase("communicate"):
            self._ranks.sum(rows, "rows to attack")
        rows = self._attack.corrupt(rows, merge.partners, merge)
        yield range(len(numbers)), rows[list(numbers)], losses
