"""Scenario `uniform`: any number of equal partners, the setting in which textbook formulas hold."""

from dataclasses import dataclass

from sim.bounds import at_least
from sim.consortium import Consortium, Partner, Proxy, Site


@dataclass(frozen=True, kw_only=True)
class Uniform:
    """Make `num_partners` partners with the same site."""

    num_partners: int
    site: Site
    proxy: Proxy

    def __post_init__(self) -> None:
        at_least("num_partners", self.num_partners, 1, remedy="try scenario.num_partners=4")

    def consortium(self, seed: int) -> Consortium:
        """Return partners `p0`, `p1`, …; nothing is drawn, so `seed` changes nothing."""
        partners = tuple(
            Partner(name=f"p{index}", **vars(self.site)) for index in range(self.num_partners)
        )
        return Consortium(partners=partners, proxy=self.proxy)
