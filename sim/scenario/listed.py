"""Scenario `listed`: partners named one by one, for people who know their consortium."""

from dataclasses import dataclass

from sim.bounds import at_least
from sim.consortium import Consortium, Partner, Proxy, Site


@dataclass(frozen=True, kw_only=True)
class Listed:
    """Take the partners from the config; `scenario.partners.<name>.speed=2.0` changes one."""

    partners: dict[str, Site]
    proxy: Proxy

    def __post_init__(self) -> None:
        at_least(
            "partners",
            len(self.partners),
            1,
            remedy="list at least one partner under scenario.partners",
        )

    def consortium(self, seed: int) -> Consortium:
        """Return the partners in the order of the config; nothing is drawn, so `seed` changes
        nothing.
        """
        partners = tuple(Partner(name=name, **vars(site)) for name, site in self.partners.items())
        return Consortium(partners=partners, proxy=self.proxy)
