"""Owns the Horovod ranks that this process starts: started once, kept for all runs of a sweep,
never left behind.

Each rank is a process of its own session with a pipe to this one. Ranks take the same job at the
same time, tell progress (rank 0) and their end. A rank that dies closes its pipe, so its death is
seen at once; then all ranks are ended, and the next run starts new ones.
"""

import atexit
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import repeat
from multiprocessing.connection import Connection, Pipe, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runners.learner.horovod import Horovod, rendezvous

if TYPE_CHECKING:
    from runners.transport import Credentials

WORKER = "runners.worker"
"""The module that each rank executes."""

GRACE_WALL_S = 1.0
"""How long the other ranks may still speak after the first failure: the cause is better than its
echo.
"""

_fleets: list["Fleet"] = []


class RankFailure(RuntimeError):
    """A rank raised an error or died."""

    def __init__(self, rank: int, message: str, traceback: str | None) -> None:
        super().__init__(f"rank {rank} {message}")
        self.rank = rank
        self.traceback = traceback


def fleet(learner: Horovod) -> "Fleet":
    """Return running ranks for `learner`: those of the run before, if they fit and live."""
    while _fleets:
        if _fleets[0].fits(learner):
            return _fleets[0]
        _fleets.pop().stop()
    _fleets.append(Fleet(learner))
    return _fleets[0]


def stop_all() -> None:
    """End all ranks."""
    while _fleets:
        _fleets.pop().stop()


atexit.register(stop_all)


class Fleet:
    """Hold running ranks."""

    def __init__(self, learner: Horovod) -> None:
        """Start the ranks; they import torch and meet while this process goes on."""
        self._learner = learner
        self._is_ready = False
        self._log_folder = tempfile.TemporaryDirectory(prefix="accord-ranks-")
        environments, self._close_rendezvous = rendezvous(learner.num_ranks)
        self._pipes: list[Connection] = []
        self._processes: list[subprocess.Popen[bytes]] = []
        for rank, environment in enumerate(environments):
            self._start(rank, environment)

    def fits(self, learner: Horovod) -> bool:
        """Return whether these ranks can run a job of `learner`."""
        alive = all(process.poll() is None for process in self._processes)
        return alive and _start_of(learner) == _start_of(self._learner)

    def run(
        self,
        folder: Path,
        on_progress: Callable[[float], None],
        credentials: "Sequence[Credentials] | None" = None,
    ) -> None:
        """Run the job in `folder` on all ranks; raises RankFailure, after which the fleet is of no
        more use. `credentials` are the ranks' own, for a run that seals its messages.
        """
        if not self._is_ready:
            self._collect("ready", on_progress)
            self._is_ready = True
        submitted_at = time.time()
        each = credentials or repeat(None, len(self._pipes))
        for pipe, own in zip(self._pipes, each, strict=True):
            pipe.send((str(folder), submitted_at, own))
        self._collect("done", on_progress)

    def process_ids(self) -> list[int]:
        """Return the ranks' process numbers, in the order of the ranks."""
        return [process.pid for process in self._processes]

    def stop(self) -> None:
        """End the ranks, busy or not; once is enough."""
        if not self._pipes:
            return
        for pipe in self._pipes:
            pipe.close()
        for process in self._processes:
            if process.poll() is None:
                os.killpg(
                    process.pid, signal.SIGKILL
                )  # a rank in the middle of a sum can't be asked
            process.wait()
        self._pipes.clear()
        self._close_rendezvous()
        self._log_folder.cleanup()

    def _start(self, rank: int, environment: dict[str, str]) -> None:
        ours, theirs = Pipe()
        command = [
            sys.executable,
            "-m",
            WORKER,
            f"--parent={theirs.fileno()}",
            f"--device={self._learner.device}",
            f"--cycle-time-ms={self._learner.cycle_time_ms}",
        ]
        with self._log(rank).open("wb") as log:
            process = subprocess.Popen(
                command,
                env=os.environ | environment,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for this process, which then ends the ranks
            )
        theirs.close()
        self._pipes.append(ours)
        self._processes.append(process)

    def _collect(self, word: str, on_progress: Callable[[float], None]) -> None:
        """Wait until every rank has said `word`; raises RankFailure for the first to fail."""
        waiting = {pipe: rank for rank, pipe in enumerate(self._pipes)}
        failures: list[RankFailure] = []
        deadline: float | None = None
        while waiting:
            ready = wait(
                list(waiting),
                timeout=None if deadline is None else max(0.0, deadline - time.monotonic()),
            )
            if not ready:
                break
            for pipe in ready:
                assert isinstance(pipe, Connection)
                kind, value = _receive(pipe)
                if kind == "progress":
                    on_progress(value)
                elif kind == word:
                    del waiting[pipe]
                else:
                    failures.append(self._failure(waiting.pop(pipe), value))
                    deadline = deadline or time.monotonic() + GRACE_WALL_S
        if failures:
            raise min(failures, key=_is_echo)

    def _failure(self, rank: int, traceback: str | None) -> RankFailure:
        """Return the failure of a rank that told its traceback, or died without a word."""
        if traceback is not None:
            return RankFailure(rank, f"failed: {traceback.strip().splitlines()[-1]}", traceback)
        code = self._processes[rank].wait()
        how = (
            f"was killed by {signal.Signals(-code).name}"
            if code < 0
            else f"ended with exit status {code}"
        )
        log = self._log(rank).read_text(errors="replace").strip()
        return RankFailure(rank, how, log or None)

    def _log(self, rank: int) -> Path:
        return Path(self._log_folder.name) / f"rank_{rank}.log"


def _start_of(learner: Horovod) -> tuple[int, str, float]:
    """Return the settings that ranks keep from their start on."""
    return learner.num_ranks, learner.device, learner.cycle_time_ms


def _receive(pipe: Connection) -> tuple[str, Any]:
    try:
        return pipe.recv()
    except (EOFError, ConnectionResetError):
        return "died", None


def _is_echo(failure: RankFailure) -> bool:
    """Return whether a rank only failed because another one was gone."""
    return "HorovodInternalError" in str(failure)
