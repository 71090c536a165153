"""Published table `secagg`: how much more a client sends because of secure aggregation.

Bonawitz et al. (2017). Every user takes part in one round of mode `proxy/federated` with an update
of the size in `sim.secure_aggregation_bytes`; the figure is what crossed the users' uplinks over
the plain vector's bytes. What a client receives counts as in the paper's formula, as part of its
messages. The mechanism itself is not simulated.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

from runners.published import Figure, Tolerance
from runners.published.rows import read_rows
from runners.published.simulation import Access, Case, one_tensor, simulate
from sim.bounds import positive
from sim.csv_table import Row
from sim.hardware.instant import Instant
from sim.mode.proxy.federated import Federated
from sim.protocol.server import Server
from sim.secure_aggregation_bytes import client_bits
from sim.topology.star import Star
from sim.variability.none import Steady

TOLERANCE = Tolerance(kind="absolute", limit=0.01)
BITS_OF_BYTE = 8
COLUMNS = ("num_users", "vector_length", "bits_per_entry", "expansion")


@dataclass(frozen=True, kw_only=True)
class Secagg:
    """Hold the users' links, on which the figure does not depend."""

    file: str
    bytes_per_s: float

    def __post_init__(self) -> None:
        positive("bytes_per_s", self.bytes_per_s, remedy="12.5e6 is 100 Mbit/s")

    def figures(self) -> Iterator[Figure]:
        """Yield every expansion."""
        for row in read_rows(self.file, required=COLUMNS):
            num_users, length = row.whole("num_users"), row.whole("vector_length")
            yield Figure(
                row=f"{num_users:,} users, {length:,} entries of {row.text('bits_per_entry')} bits",
                quantity="expansion",
                unit="",
                published=row.number("expansion"),
                simulated=self._expansion(row),
                tolerance=TOLERANCE,
            )

    def _expansion(self, row: Row) -> float:
        num_users, length = row.whole("num_users"), row.whole("vector_length")
        bits_per_entry = row.whole("bits_per_entry")
        plain_bytes = length * bits_per_entry / BITS_OF_BYTE
        num_bits = client_bits(num_users, length, bits_per_entry)
        simulated = simulate(
            Case(
                access=Access(bytes_per_s=self.bytes_per_s, latency_sim_s=0.0),
                topology=Star(backbone_bytes_per_s=None),
                workload=one_tensor(num_users, ceil(plain_bytes)),
                update_bytes=ceil(num_bits / BITS_OF_BYTE),
                hardware=Instant(),
                variability=Steady(),
                mode=_one_step_federated(),
                seed=0,
            )
        )
        return sum(simulated.sent_bytes) / num_users / plain_bytes


def _one_step_federated() -> Federated:
    """Return plain federated averaging, one step a round."""
    return Federated(
        local_steps=1,
        local_epochs=None,
        proximal_weight=0.0,
        algorithm="fedavg",
        server=Server(
            optimizer="sgd",
            learning_rate=1.0,
            momentum=0.0,
            second_momentum=0.0,
            adaptivity=0.001,
        ),
        keep_fraction=1.0,
        deadline_sim_s=None,
        heeds_forecast=False,
    )
