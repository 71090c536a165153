"""Transports: how much of a link's line rate a message gets. Each option is a frozen dataclass."""

from typing import Protocol


class Transport(Protocol):
    """Turn line rates into what an application sees."""

    @property
    def efficiency(self) -> float:
        """The payload's part of the bytes on the wire, above 0 and at most 1."""
        ...

    def flow_bytes_per_s(self, round_trip_sim_s: float) -> float:
        """Return the most that one flow can carry over a way with this round trip."""
        ...
