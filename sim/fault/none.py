"""Fault `none`: nothing goes wrong."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.presence import Steps

if TYPE_CHECKING:
    from sim.world import World


@dataclass(frozen=True, kw_only=True)
class NoFault:
    """Let everything work."""

    def check(self, num_partners: int, num_sites: int) -> None:
        """Fit every consortium."""

    def run(self, world: "World") -> Steps:
        """Do nothing."""
        yield from ()
