"""A worker whose wire is watched, and meddled with by rank 1: `runners.launch.WORKER` for tests.

ACCORD_TEST_WIRE names a folder. What Horovod moves from other ranks, what ranks mean to send, and
calls that go past the seal are kept there. In runs that its file `todo` calls `altered` or
`replayed`, rank 1 sees such a message of a merge.
"""

import os
import pickle
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from runners import worker
from runners.learner.horovod import Ranks
from runners.transport.sealed_ranks import SealedRanks

FOLDER = Path(os.environ["ACCORD_TEST_WIRE"])
SHORT_BYTES = 64
"""Messages of fewer bytes are too likely to be found in others by chance."""

_first: dict[str, bytes] = {}
"""The first message of each run's merges."""


def keep(kind: str, messages: Sequence[bytes]) -> None:
    """Append messages to a file of this process."""
    with (FOLDER / f"{kind}-{os.getpid()}").open("ab") as file:
        for message in messages:
            pickle.dump(message, file)


def watched_exchange(self: Ranks, outgoing: Sequence[bytes], name: str) -> list[bytes]:
    """Exchange, keep what came from others, and meddle with it."""
    received = exchange(self, outgoing, name)
    others = [rank for rank in range(self.size) if rank != self.rank]
    keep("wire", [received[rank] for rank in others])
    if self.rank == 1 and name == "merge":
        received[0] = meddled(received[0])
    return received


def watched_seal(self: SealedRanks, outgoing: Sequence[bytes], name: str) -> list[bytes]:
    """Keep what is to be sealed for others."""
    messages = [outgoing[rank] for rank in range(self.size) if rank != self.rank]
    keep("meant", [message for message in messages if len(message) >= SHORT_BYTES])
    return exchange_sealed(self, outgoing, name)


def plainly(call: str) -> Callable[..., Any]:
    """Return a call of the plain ranks that is noted before it is made."""
    method = getattr(Ranks, call)

    def noted(self: Ranks, *arguments: Any, **named: Any) -> Any:
        keep("plain", [call.encode()])
        return method(self, *arguments, **named)

    return noted


def meddled(frame: bytes) -> bytes:
    """Return what rank 1 is made to see."""
    todo = (FOLDER / "todo").read_text()
    first = _first.setdefault(todo, frame)
    if todo == "replayed":
        return first
    return frame[:-1] + bytes([frame[-1] ^ 1]) if todo == "altered" else frame


exchange, exchange_sealed = Ranks.exchange_bytes, SealedRanks.exchange_bytes
for call in ("start_sum", "exchange", "gather"):
    setattr(Ranks, call, plainly(call))
Ranks.exchange_bytes = watched_exchange  # type: ignore[method-assign]
SealedRanks.exchange_bytes = watched_seal  # type: ignore[method-assign]

if __name__ == "__main__":
    worker.main()
