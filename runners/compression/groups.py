"""Owns which rows of a cohort are compressed at once.

On a CPU as many as stay in a core's cache: temporary tensors of a whole cohort would each be
fetched from memory, which takes most of the time. On a GPU all of them. A partner is in a group
once, so that its second update meets what the first left behind.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

GROUP_NUMBERS = 2**16


def groups(partners: Sequence[int], updates: "torch.Tensor") -> Iterator[slice]:
    """Yield runs of rows that cover the cohort, in order."""
    most = len(partners)
    if updates.device.type == "cpu":
        most = max(1, GROUP_NUMBERS // max(1, updates.shape[1]))
    first, seen = 0, set[int]()
    for row, partner in enumerate(partners):
        if len(seen) == most or partner in seen:
            yield slice(first, row)
            first, seen = row, set()
        seen.add(partner)
    if seen:
        yield slice(first, len(partners))
