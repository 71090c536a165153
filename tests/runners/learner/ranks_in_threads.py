"""Ranks for tests of what several ranks do together: threads of one process that exchange tensors
and stop with an error, not a hang, when they don't go in step.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import torch

PATIENCE_S = 30.0


@dataclass(frozen=True, kw_only=True, eq=False)
class ThreadRank:
    """One rank, as it sees the others."""

    rank: int
    size: int
    barrier: threading.Barrier
    boxes: dict[tuple[int, int], torch.Tensor]
    sent: list[int]

    def exchange(
        self, outgoing: Sequence[torch.Tensor], shapes: Sequence[tuple[int, ...]]
    ) -> list[torch.Tensor]:
        """Send a tensor to each rank and return what comes from each."""
        for target, tensor in enumerate(outgoing):
            assert not tensor.requires_grad
            self.boxes[self.rank, target] = tensor.clone()
            self.sent.append(tensor.numel())
        self.barrier.wait(PATIENCE_S)
        received = [self.boxes[source, self.rank] for source in range(self.size)]
        self.barrier.wait(PATIENCE_S)
        assert [tuple(one.shape) for one in received] == [tuple(shape) for shape in shapes]
        return received


def on_ranks(size: int, work: Callable[[ThreadRank], Any]) -> list[Any]:
    """Return what `work` returns on each of `size` ranks."""
    barrier, boxes = threading.Barrier(size), {}
    ranks = [
        ThreadRank(rank=rank, size=size, barrier=barrier, boxes=boxes, sent=[])
        for rank in range(size)
    ]

    def guarded(rank: ThreadRank) -> Any:
        try:
            return work(rank)
        except BaseException:
            barrier.abort()
            raise

    with ThreadPoolExecutor(size) as pool:
        return list(pool.map(guarded, ranks))
