"""Ranks as threads of one process, which keep what they receive: for tests of what passes between
them.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Any

import torch


class ThreadRanks:
    """See `runners.learner.horovod.Ranks`; `received` are all bytes that came to this rank."""

    device = torch.device("cpu")

    def __init__(self, rank: int, board: list[Any], barrier: threading.Barrier) -> None:
        self.rank = rank
        self.size = len(board)
        self.received: list[tuple[str, bytes]] = []
        self._board = board
        self._barrier = barrier

    def gather(self, value: Any, name: str) -> list[Any]:
        self._board[self.rank] = value
        self._barrier.wait()
        values = list(self._board)
        self._barrier.wait()
        return values

    def exchange_bytes(self, outgoing: Sequence[bytes], name: str) -> list[bytes]:
        mine = [messages[self.rank] for messages in self.gather(outgoing, name)]
        self.received += [(name, message) for message in mine]
        return mine


def on_threads(num_ranks: int, work: Callable[[ThreadRanks], Any]) -> list[Any]:
    """Return what `work` returns on each rank; raises what one of them raises."""
    barrier = threading.Barrier(num_ranks)
    board: list[Any] = [None] * num_ranks
    results: list[Any] = [None] * num_ranks
    errors: list[BaseException] = []

    def run(rank: int) -> None:
        try:
            results[rank] = work(ThreadRanks(rank, board, barrier))
        except threading.BrokenBarrierError:
            pass  # another rank says why
        except Exception as error:  # noqa: BLE001  it is raised below
            errors.append(error)
            barrier.abort()

    threads = [threading.Thread(target=run, args=(rank,)) for rank in range(num_ranks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return results
