"""Availability `always`: partners are machines of their own that never do anything else."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Always:
    """Keep every partner up from the start to the end."""

    def check(self, names: Sequence[str]) -> None:
        """Accept any consortium."""

    def phases(self, partner: str, rng: np.random.Generator) -> Iterator[tuple[bool, float]]:
        """Yield one phase; nothing is drawn."""
        yield True, math.inf
