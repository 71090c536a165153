"""Transport `ideal`: every byte of the line rate is payload, and no window holds a flow back.

The setting of the alpha-beta model and of textbook formulas.
"""

import math
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Ideal:
    """Use links as if there were no protocol."""

    @property
    def efficiency(self) -> float:
        """Return 1."""
        return 1.0

    def flow_bytes_per_s(self, round_trip_sim_s: float) -> float:
        """Return infinity: only links limit a flow."""
        return math.inf
