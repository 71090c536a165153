"""Availability: when partners can take part. Each option is a frozen dataclass with `phases` and
`check`.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np


class Availability(Protocol):
    """Say when a partner is up."""

    def check(self, names: Sequence[str]) -> None:
        """Raise ValueError unless this suits a consortium of partners with these names."""
        ...

    def phases(self, partner: str, rng: np.random.Generator) -> Iterator[tuple[bool, float]]:
        """Yield what the partner is (up or not) and for how many seconds, from time 0 on; the last
        may be infinite.
        """
        ...
