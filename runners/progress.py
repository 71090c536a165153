"""Owns what the terminal shows while runs go on: a bar on a terminal, a line at a run's start and
end elsewhere. Goes to stderr.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)


class RunProgress:
    """Show the runs of one command."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._num_runs = 1
        self._num_ended = 0

    def expect(self, num_runs: int) -> None:
        """Say how many runs will come."""
        self._num_runs = num_runs

    @contextmanager
    def run(self, label: str) -> Iterator[Callable[[float], None]]:
        """Show one run; the block tells its fraction done to the call it gets."""
        started = time.monotonic()
        title = f"run {self._num_ended + 1} of {max(self._num_runs, self._num_ended + 1)}  {label}"
        if not self._console.is_terminal:
            self._console.print(f"{title}  …", highlight=False)
        with Progress(
            *_columns(),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        ) as bar:
            task = bar.add_task(title, total=1.0)
            yield lambda fraction: bar.update(task, completed=fraction)
        self._num_ended += 1
        self._console.print(f"{title}  {time.monotonic() - started:.1f} s", highlight=False)


def _columns() -> tuple[ProgressColumn, ...]:
    percent = TextColumn("{task.percentage:>3.0f}%")
    return (
        TextColumn("{task.description}"),
        BarColumn(),
        percent,
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )


progress = RunProgress()
"""The progress of this process's command; runs of a sweep share it."""
