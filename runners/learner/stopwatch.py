"""Owns measured time: seconds on the wall clock by phase, with the device's queue drained at both
ends.

`train` and `communicate` are on the clock, `evaluate` is on neither clock. The first training phase
is warm-up: it is kept, and marked.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch


class Stopwatch:
    """Add up seconds per phase; phases do not nest."""

    def __init__(self, device: torch.device) -> None:
        self.phases_wall_s = {"train": 0.0, "communicate": 0.0, "evaluate": 0.0}
        self.first_train_at: float | None = None
        self.warm_up_wall_s = 0.0
        self._device = device

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Count the time of the block to `name`."""
        start = self._now()
        if name == "train" and self.first_train_at is None:
            self.first_train_at = time.time()
        yield
        took = self._now() - start
        if name == "train" and not self.warm_up_wall_s:
            self.warm_up_wall_s = took
        self.phases_wall_s[name] += took

    def _now(self) -> float:
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        return time.perf_counter()
