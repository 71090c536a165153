"""Published table `collectives`: closed-form times of allreduce algorithms in the alpha-beta model.

Thakur, Rabenseifner & Gropp (2005). A message costs `message_sim_s`, half of it on the sender's
link and half on the receiver's; adding numbers costs nothing. Each figure is one step of mode
`partner/allreduce` among machines that compute at once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType

from runners.published import Figure, Tolerance
from runners.published.rows import read_rows
from runners.published.simulation import Access, allreduce_case, simulate
from sim.bounds import not_negative, positive

TOLERANCE = Tolerance(kind="relative", limit=1e-6)

ALGORITHMS = MappingProxyType(
    {
        "ring_s": "ring",
        "rabenseifner_s": "halving_doubling",
        "recursive_doubling_s": "recursive_doubling",
        "binomial_tree_s": "tree",
    }
)
"""The simulator's name of the algorithm that a column is about."""


@dataclass(frozen=True, kw_only=True)
class Collectives:
    """Hold the two parameters of the alpha-beta model."""

    file: str
    message_sim_s: float
    bytes_per_s: float

    def __post_init__(self) -> None:
        not_negative("message_sim_s", self.message_sim_s, remedy="5e-5 is 50 µs")
        positive("bytes_per_s", self.bytes_per_s, remedy="1.25e9 is 10 Gbit/s")

    def figures(self) -> Iterator[Figure]:
        """Yield every time of the table."""
        for row in read_rows(self.file, required=("num_ranks", "bytes", *ALGORITHMS)):
            num_ranks, num_bytes = row.whole("num_ranks"), row.whole("bytes")
            for column, algorithm in ALGORITHMS.items():
                yield Figure(
                    row=f"{num_ranks} ranks, {num_bytes:,} bytes",
                    quantity=algorithm,
                    unit="s",
                    published=row.number(column),
                    simulated=self.time_sim_s(num_ranks, num_bytes, algorithm),
                    tolerance=TOLERANCE,
                )

    def time_sim_s(self, num_ranks: int, num_bytes: int, algorithm: str) -> float:
        """Return how long one allreduce takes."""
        access = Access(bytes_per_s=self.bytes_per_s, latency_sim_s=self.message_sim_s / 2)
        return simulate(allreduce_case(num_ranks, num_bytes, algorithm, access)).total_sim_s
