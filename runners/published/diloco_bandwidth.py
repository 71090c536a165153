"""Published table `diloco_bandwidth`: the bandwidth between two sites at which DiLoCo computes for
a given part of the time.

Charles et al. (2025), table 6. Mode `partner/diloco` between two partners; the sum of the last
step's outer gradient begins layer by layer while that step's backward pass goes on, as in the
authors' simulations, and whatever is left is waited for. The figure is the lowest bandwidth of the
authors' grid, `logspace(-1, 3, 50)` Gbit/s, at which the simulated utilisation is reached.
"""

import math
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from runners.published import Figure, Tolerance
from runners.published.diloco import Architecture, ring_diloco, utilisation
from runners.published.rows import read_rows
from sim.csv_table import Row

TOLERANCE = Tolerance(kind="ratio", limit=1.21)

GRID_GBIT_PER_S = tuple(10 ** (-1 + 4 * place / 49) for place in range(50))
BYTES_PER_GBIT = 1e9 / 8
NUM_SITES = 2

TARGETS: Mapping[str, float] = {"cu50": 0.5, "cu80": 0.8, "cu90": 0.9, "cu95": 0.95, "cu99": 0.99}
"""The utilisation that a column is about."""

COLUMNS = ("architecture", "num_parameters_billion", "step_s", "inner_steps", *TARGETS)


@dataclass(frozen=True, kw_only=True)
class DilocoBandwidth:
    """Hold what the simulations assume of each architecture, and of `others`."""

    file: str
    architectures: dict[str, Architecture]
    others: Architecture

    def figures(self) -> Iterator[Figure]:
        """Yield every bandwidth of the table."""
        for row in read_rows(self.file, required=COLUMNS):
            reached = cache(lambda place, row=row: self._utilisation(row, GRID_GBIT_PER_S[place]))
            for column, target in TARGETS.items():
                yield Figure(
                    row=f"{row.text('architecture')} {row.text('num_parameters_billion')}B, "
                    f"{row.text('inner_steps')} inner steps",
                    quantity=f"{target:.0%} utilisation at",
                    unit="Gbit/s",
                    published=row.number(column),
                    simulated=_lowest(reached, target),
                    tolerance=TOLERANCE,
                )

    def _utilisation(self, row: Row, gbit_per_s: float) -> float:
        """Return the simulated utilisation at a bandwidth."""
        architecture = self.architectures.get(row.text("architecture"), self.others)
        return utilisation(
            ring_diloco(
                row.whole("inner_steps"),
                wire_bytes_per_parameter=architecture.wire_bytes_per_parameter,
                reduces_during_backward=True,
            ),
            num_partners=NUM_SITES,
            num_parameters=round(row.number("num_parameters_billion") * 1e9),
            num_layers=architecture.num_layers,
            step_sim_s=row.number("step_s"),
            bytes_per_s=gbit_per_s * BYTES_PER_GBIT,
        )


def _lowest(reached: Callable[[int], float], target: float) -> float:
    """Return the lowest bandwidth of the grid that reaches a target, infinity where none does.

    Utilisation rises with bandwidth, so the grid is bisected.
    """
    place = bisect_left(range(len(GRID_GBIT_PER_S)), target, key=reached)
    return GRID_GBIT_PER_S[place] if place < len(GRID_GBIT_PER_S) else math.inf
