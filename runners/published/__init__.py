"""Published figures and how they are simulated: one table, one module, one set of parameters.

Each option is a frozen dataclass whose fields are the physical parameters, the same for all rows of
the table, and whose `figures` runs the simulator (never a formula) for every row. What a simulation
needs beside them stands in `runners.published.simulation`. Virtual seconds, bytes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sim.bounds import one_of, positive

DATA = Path(__file__).parent / "data"
"""The published tables; data/README.md has their sources."""

KINDS = ("absolute", "relative", "ratio")


@dataclass(frozen=True, kw_only=True)
class Tolerance:
    """Say how far a simulated figure may be from the published one.

    `absolute` limits the difference, `relative` the difference as a fraction of the published
    figure, and `ratio` keeps simulated / published between 1 / `limit` and `limit`.
    """

    kind: str
    limit: float

    def __post_init__(self) -> None:
        one_of("kind", self.kind, KINDS)
        positive("limit", self.limit, remedy="0.05 is 5 % for kind=relative")

    def error(self, published: float, simulated: float) -> float:
        """Return the signed error: a difference in the figure's unit, or a fraction of it."""
        if self.kind == "absolute":
            return simulated - published
        return simulated / published - 1

    def holds(self, published: float, simulated: float) -> bool:
        """Return whether the simulated figure is near enough."""
        if self.kind == "ratio":
            return 1 / self.limit <= simulated / published <= self.limit
        return abs(self.error(published, simulated)) <= self.limit


@dataclass(frozen=True, kw_only=True)
class Figure:
    """Hold one published number beside the simulated one; `row` and `quantity` say which it is."""

    row: str
    quantity: str
    unit: str
    published: float
    simulated: float
    tolerance: Tolerance

    @property
    def error(self) -> float:
        """Return the signed error, as the tolerance counts it."""
        return self.tolerance.error(self.published, self.simulated)

    @property
    def is_held(self) -> bool:
        """Return whether the error is within the tolerance."""
        return self.tolerance.holds(self.published, self.simulated)


class Published(Protocol):
    """Simulate a published table."""

    def figures(self) -> Iterator[Figure]:
        """Yield every figure of the table in its order, each as soon as it has been simulated."""
        ...
