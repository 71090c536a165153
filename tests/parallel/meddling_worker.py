"""A worker whose wire is watched, and meddled with by rank 1: `runners.launch.WORKER` for tests.

ACCORD_TEST_WIRE names a folder. What Horovod moves from other ranks, and what ranks mean to send,
is kept there. Rank 1 takes the first line of the file `plan`, if there is one, and does it once:
`alter` or `replay` what comes in, or change the run's `log`.
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

_before: dict[str, bytes] = {}


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
    if self.rank == 1 and name in ("merge", "step"):
        received[0] = meddled(received[0], name)
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


def meddled(frame: bytes, name: str) -> bytes:
    """Return what rank 1 is made to see."""
    plan = FOLDER / "plan"
    todo = plan.read_text().splitlines() if plan.exists() else []
    before, _before[name] = _before.get(name), frame
    if not todo or (todo[0] == "replay" and before is None):
        return frame
    plan.write_text("\n".join(todo[1:]))
    if todo[0] == "log":
        change_log()
    if todo[0] == "replay":
        assert before is not None
        return before
    return frame[:-1] + bytes([frame[-1] ^ 1]) if todo[0] == "alter" else frame


def change_log() -> None:
    """Flip a bit of the log that was written last."""
    logs = FOLDER.glob("*/access.jsonl")
    latest = max(logs, key=lambda path: path.stat().st_mtime_ns)
    with latest.open("r+b") as log:
        log.seek(20)
        byte = log.read(1)[0]
        log.seek(20)
        log.write(bytes([byte ^ 1]))


exchange, exchange_sealed = Ranks.exchange_bytes, SealedRanks.exchange_bytes
for call in ("start_sum", "exchange", "gather"):
    setattr(Ranks, call, plainly(call))
Ranks.exchange_bytes = watched_exchange  # type: ignore[method-assign]
SealedRanks.exchange_bytes = watched_seal  # type: ignore[method-assign]

if __name__ == "__main__":
    worker.main()
