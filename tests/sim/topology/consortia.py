"""Consortia in which nothing matters but the names: all other values are 1."""

from dataclasses import fields

from sim.consortium import Consortium, Partner, Proxy


def consortium(*names: str) -> Consortium:
    """Return partners with these names, and a proxy."""
    partners = (Partner(**ones(Partner) | {"name": name}) for name in names)
    return Consortium(partners=tuple(partners), proxy=Proxy(**ones(Proxy)))


def numbered(num_partners: int) -> Consortium:
    """Return partners p0, p1, …, and a proxy."""
    return consortium(*(f"p{n}" for n in range(num_partners)))


def ones(kind: type) -> dict[str, int]:
    return {field.name: 1 for field in fields(kind)}
