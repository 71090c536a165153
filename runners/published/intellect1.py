"""Published table `intellect1`: utilisation of a training run over the internet that stops for an
allreduce.

Jaghouar et al. (2024), arXiv 2412.01152, table 2. Mode `partner/diloco` without overlap: all take
their inner steps, then a ring allreduce. The paper gives the median time of an allreduce but no
bandwidth, so the link's is the one at which a ring among equal links takes that median: the
effective bandwidth, in which latency, protocol and stragglers have their part.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from runners.published import Figure, Tolerance
from runners.published.diloco import ring_diloco, utilisation
from runners.published.rows import read_rows
from sim.bounds import at_least, positive
from sim.csv_table import Row

TOLERANCE = Tolerance(kind="absolute", limit=0.5)

COLUMNS = (
    "scenario",
    "inner_steps",
    "inner_phase_min",
    "median_allreduce_s",
    "compute_utilisation_percent",
)


@dataclass(frozen=True, kw_only=True)
class Intellect1:
    """Hold the model's size, what is sent of each parameter, and how many nodes send it."""

    file: str
    num_parameters: int
    wire_bytes_per_parameter: float
    num_partners: int

    def __post_init__(self) -> None:
        at_least("num_parameters", self.num_parameters, 1, remedy="10000000000 is 10 billion")
        positive("wire_bytes_per_parameter", self.wire_bytes_per_parameter, remedy="1 is int8")
        at_least("num_partners", self.num_partners, 2, remedy="one partner sends nothing")

    def figures(self) -> Iterator[Figure]:
        """Yield every utilisation of the table, in percent."""
        for row in read_rows(self.file, required=COLUMNS):
            gbit_per_s = self.bytes_per_s(row.number("median_allreduce_s")) * 8e-9
            yield Figure(
                row=f"{row.text('scenario')}, {gbit_per_s:.2f} Gbit/s",
                quantity="compute utilisation",
                unit="%",
                published=row.number("compute_utilisation_percent"),
                simulated=100 * self._utilisation(row),
                tolerance=TOLERANCE,
            )

    def bytes_per_s(self, allreduce_sim_s: float) -> float:
        """Return the bandwidth at which a ring takes a time, for 2(p-1)/p of the bytes (Patarasuk &
        Yuan 2009).
        """
        num_bytes = self.num_parameters * self.wire_bytes_per_parameter
        return 2 * (self.num_partners - 1) / self.num_partners * num_bytes / allreduce_sim_s

    def _utilisation(self, row: Row) -> float:
        inner_steps = row.whole("inner_steps")
        mode = ring_diloco(
            inner_steps,
            wire_bytes_per_parameter=self.wire_bytes_per_parameter,
            reduces_during_backward=False,
        )
        return utilisation(
            mode,
            num_partners=self.num_partners,
            num_parameters=self.num_parameters,
            num_layers=1,
            step_sim_s=60 * row.number("inner_phase_min") / inner_steps,
            bytes_per_s=self.bytes_per_s(row.number("median_allreduce_s")),
        )
