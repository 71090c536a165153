"""Availability: when partners can take part. Each option is a frozen dataclass with `phases` and
`check`.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np

from sim.consortium import Partner


class Availability(Protocol):
    """Say when a partner is up."""

    def check(self, partners: Sequence[Partner]) -> None:
        """Raise ValueError unless this suits a consortium of these partners."""
        ...

    def phases(self, partner: Partner, rng: np.random.Generator) -> Iterator[tuple[bool, float]]:
        """Yield what the partner is (up or not) and for how many seconds, from time 0 on; the last
        may be infinite.
        """
        ...


def check_downtimes(availability: str, partners: Sequence[Partner]) -> None:
    """Raise ValueError where a partner's downtime is scaled, which this availability can't do."""
    downtimes = [partner.downtime for partner in partners]
    if set(downtimes) != {1.0}:
        raise ValueError(
            f"availability={availability} says itself how long partners are down, so all downtime "
            f"must be 1, got {min(downtimes):.3g} to {max(downtimes):.3g}; "
            "try availability=markov, or scenario.downtime_spread=0"
        )
