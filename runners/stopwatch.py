"""Owns measured time: seconds on the wall clock by phase, with the device's queue drained at both
ends.

`train` and `communicate` are on the clock, `evaluate` and `checkpoint` are on neither clock. The
first training phase is warm-up: it is kept, and marked.
"""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

PHASES = ("train", "communicate", "evaluate", "checkpoint")


@dataclass(frozen=True, kw_only=True)
class Phases:
    """Hold one rank's seconds by phase; `first_train_at` is since the epoch, NaN if never."""

    train_wall_s: float
    communicate_wall_s: float
    evaluate_wall_s: float
    checkpoint_wall_s: float
    warm_up_wall_s: float
    first_train_at: float


class Stopwatch:
    """Add up seconds per phase; phases do not nest."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._wall_s = dict.fromkeys(PHASES, 0.0)
        self._warm_up_wall_s = 0.0
        self._first_train_at = math.nan

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Count the time of the block to `name`."""
        started_at, start = time.time(), self._now()
        yield
        took_wall_s = self._now() - start
        if name == "train" and math.isnan(self._first_train_at):
            self._first_train_at, self._warm_up_wall_s = started_at, took_wall_s
        self._wall_s[name] += took_wall_s

    def phases(self) -> Phases:
        """Return the seconds so far."""
        return Phases(
            **{f"{name}_wall_s": seconds for name, seconds in self._wall_s.items()},
            warm_up_wall_s=self._warm_up_wall_s,
            first_train_at=self._first_train_at,
        )

    def restore(self, phases: Phases) -> None:
        """Go on from the seconds of a run that was interrupted."""
        self._wall_s = {name: getattr(phases, f"{name}_wall_s") for name in self._wall_s}
        self._warm_up_wall_s = phases.warm_up_wall_s
        self._first_train_at = phases.first_train_at

    def _now(self) -> float:
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        return time.perf_counter()
