"""Owns the way between updates as rows of a tensor and the entries that a secure sum adds up."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from runners.privacy import Merge
from runners.secure_sum.fixed_point import Coding, Words

if TYPE_CHECKING:
    import torch


class Rows:
    """Encode a merge's rows, and decode their sum.

    The grid has room for the updates of those who drop out: they were there when it was chosen.
    """

    def __init__(self, coding: Coding, merge: Merge) -> None:
        self.grid = coding.grid(len(merge.partners) + len(merge.dropped))
        self._merge = merge
        self._is_stochastic = coding.rounding == "stochastic"
        self._num_encoded: Counter[int] = Counter()

    def encoded(
        self, updates: "torch.Tensor", partners: Sequence[int]
    ) -> Iterator[tuple[int, Words]]:
        """Yield each partner and the entries (size + 1,) of its row."""
        for partner, row in zip(partners, updates, strict=True):
            yield partner, self.grid.encode(row.detach().cpu().numpy(), self._rounding(partner))

    def decoded(self, total: Words) -> NDArray[np.float64]:
        """Return the sum of rows, and count its clipped values in the merge's memory."""
        values, num_clipped = self.grid.decode(total)
        memory = self._merge.memory
        memory["num_clipped"] = memory.get("num_clipped", 0) + num_clipped
        return values

    def _rounding(self, partner: int) -> np.random.Generator | None:
        """Return what rounds a partner's next row up or down; None for the nearest."""
        if not self._is_stochastic:
            return None
        self._num_encoded[partner] += 1
        return self._merge.stream("secure sum", "rounding", partner, self._num_encoded[partner])
