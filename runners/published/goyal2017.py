"""Published table `goyal2017`: what "ImageNet in one hour" says of its allreduce.

Goyal et al. (2017), section 4: servers of 8 GPUs add up inside (not simulated) and between them by
ring or by halving and doubling, over 50 Gbit/s Ethernet. One parameter is chosen, `message_sim_s`:
the published ratio of 3 at 32 servers is read as the one at the largest buffer it is said of, a
million float32 numbers. In the alpha-beta model the ratio rises to 62 / 10 messages as buffers get
smaller; the paper gives no figure for those. Bytes and messages do not depend on any choice.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import log2
from types import MappingProxyType

from runners.published import Figure, Tolerance
from runners.published.rows import read_rows
from runners.published.simulation import Access, Simulated, allreduce_case, simulate
from sim.bounds import positive
from sim.csv_table import Row

COUNT = Tolerance(kind="relative", limit=1e-5)
"""Messages are counted with a byte in them, which takes a little time too."""
ABOUT = Tolerance(kind="relative", limit=0.1)
"""The paper rounds its ratio to a whole number."""
PEAK = Tolerance(kind="relative", limit=0.05)
"""The paper takes 2 (p-1) / p for 2; at 32 servers that is 3 % more."""

FORMULAS: Mapping[str, Callable[[int, int], float]] = MappingProxyType(
    {
        "2(p-1)/p x bytes": lambda p, num_bytes: 2 * (p - 1) / p * num_bytes,
        "2 log2 p": lambda p, num_bytes: 2 * log2(p),
        "2(p-1)": lambda p, num_bytes: 2 * (p - 1),
    }
)
"""Values of the table that are a formula in p, the number of servers."""

RATIO = re.compile(r"ring_over_halving_doubling_at_(\d+)_servers")
BITS_OF_BYTE = 8
ONE_BYTE = 1
"""A message this small costs its latency and no more."""


@dataclass(frozen=True, kw_only=True)
class Goyal2017:
    """Hold the servers' network, and the sizes that the figures are about.

    `num_servers` are the values of p that formulas are held against; `num_elements` float32 numbers
    are the buffer of the ratio.
    """

    file: str
    bytes_per_s: float
    message_sim_s: float
    num_servers: tuple[int, ...]
    num_elements: int
    gradient_bytes: int
    backward_sim_s: float

    def __post_init__(self) -> None:
        positive("bytes_per_s", self.bytes_per_s, remedy="6.25e9 is 50 Gbit/s")
        positive("message_sim_s", self.message_sim_s, remedy="7.5e-5 is 75 µs")
        positive("backward_sim_s", self.backward_sim_s, remedy="0.125 is 125 ms")
        if not self.num_servers or min(self.num_servers) < 2:
            raise ValueError(
                f"num_servers must be numbers of at least 2, got {self.num_servers}; try [8, 32]"
            )

    def figures(self) -> Iterator[Figure]:
        """Yield every figure; a formula is held against several numbers of servers."""
        for row in read_rows(self.file, required=("quantity", "value", "unit")):
            quantity = row.text("quantity")
            ratio = RATIO.fullmatch(quantity)
            if ratio:
                yield self._ratio(row, int(ratio[1]))
            elif quantity == "peak_bandwidth_needed":
                yield self._peak(row)
            elif quantity == "bytes_per_server_per_allreduce":
                for algorithm in ("ring", "halving_doubling"):
                    yield from self._bytes(row, algorithm)
            elif quantity.startswith("steps_"):
                yield from self._steps(row, quantity.removeprefix("steps_"))
            else:
                raise ValueError(
                    f"{row.where}: quantity must be one that the file has now, got {quantity!r}; "
                    "add how to simulate it to runners/published/goyal2017.py"
                )

    def _ratio(self, row: Row, num_servers: int) -> Figure:
        num_bytes = 4 * self.num_elements
        ring, halving_doubling = (
            self._allreduce(num_servers, num_bytes, algorithm).total_sim_s
            for algorithm in ("ring", "halving_doubling")
        )
        return Figure(
            row=f"{num_servers} servers",
            quantity=f"ring ÷ halving_doubling, {self.num_elements:,} floats",
            unit="",
            published=row.number("value"),
            simulated=ring / halving_doubling,
            tolerance=ABOUT,
        )

    def _peak(self, row: Row) -> Figure:
        """Return what a server must send to be done with the gradient in a backward pass."""
        num_servers = max(self.num_servers)
        sent = self._allreduce(num_servers, self.gradient_bytes, "halving_doubling").sent_bytes
        return Figure(
            row=f"{num_servers} servers",
            quantity="peak bandwidth",
            unit=row.text("unit"),
            published=row.number("value"),
            simulated=max(sent) * BITS_OF_BYTE / 1e9 / self.backward_sim_s,
            tolerance=PEAK,
        )

    def _bytes(self, row: Row, algorithm: str) -> Iterator[Figure]:
        for num_servers in self.num_servers:
            sent = self._allreduce(num_servers, self.gradient_bytes, algorithm).sent_bytes
            yield Figure(
                row=f"{num_servers} servers",
                quantity=f"sent by each, {algorithm}",
                unit="MB",
                published=_formula(row)(num_servers, self.gradient_bytes) / 1e6,
                simulated=max(sent) / 1e6,
                tolerance=COUNT,
            )

    def _steps(self, row: Row, algorithm: str) -> Iterator[Figure]:
        """Count messages in a row by the time that they take with next to nothing in them."""
        for num_servers in self.num_servers:
            total_sim_s = self._allreduce(num_servers, ONE_BYTE, algorithm).total_sim_s
            yield Figure(
                row=f"{num_servers} servers",
                quantity=f"messages, {algorithm}",
                unit="",
                published=_formula(row)(num_servers, ONE_BYTE),
                simulated=total_sim_s / self.message_sim_s,
                tolerance=COUNT,
            )

    def _allreduce(self, num_servers: int, num_bytes: int, algorithm: str) -> Simulated:
        access = Access(bytes_per_s=self.bytes_per_s, latency_sim_s=self.message_sim_s / 2)
        return simulate(allreduce_case(num_servers, num_bytes, algorithm, access))


def _formula(row: Row) -> Callable[[int, int], float]:
    value = row.text("value")
    if value not in FORMULAS:
        raise ValueError(
            f"{row.where}: value must be one of {', '.join(FORMULAS)}, got {value!r}; "
            "add the formula to runners/published/goyal2017.py"
        )
    return FORMULAS[value]
