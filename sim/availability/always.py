"""Availability `always`: partners are machines of their own that never do anything else."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from sim.availability import check_downtimes
from sim.consortium import Partner


@dataclass(frozen=True, kw_only=True)
class Always:
    """Keep every partner up from the start to the end."""

    def check(self, partners: Sequence[Partner]) -> None:
        """Raise ValueError where a downtime is scaled."""
        check_downtimes("always", partners)

    def phases(self, partner: Partner, rng: np.random.Generator) -> Iterator[tuple[bool, float]]:
        """Yield one phase; nothing is drawn."""
        yield True, math.inf
