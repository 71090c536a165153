"""Scenarios: who takes part. Each option is a frozen dataclass with `consortium(seed)`."""

from typing import Protocol

from sim.consortium import Consortium


class Scenario(Protocol):
    """Say who takes part."""

    def consortium(self, seed: int) -> Consortium:
        """Return the partners and the proxy; the same seed gives the same consortium."""
        ...
