"""Bandwidth: how links change over time. Each option is a frozen dataclass with `changes`."""

from collections.abc import Iterator, Mapping
from typing import Protocol

import numpy as np


class Bandwidth(Protocol):
    """Say how the bandwidth of links changes."""

    def changes(
        self, nominal: Mapping[str, float], rng: np.random.Generator
    ) -> Iterator[tuple[float, str, float]]:
        """Yield time_sim_s, a link's name and its bytes per second from then on, in order of time.

        `nominal` has the bytes per second of every link by name. May go on for ever. Raises
        ValueError for a link that is not there.
        """
        ...
