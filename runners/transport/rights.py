"""Owns which role may do what. What is not in the table is forbidden."""

from collections.abc import Mapping, Sequence

from runners.transport import Access

RIGHTS: Mapping[str, frozenset[tuple[str, str]]] = {
    "provider": frozenset({("write", "data")}),
    "processor": frozenset({("read", "data"), ("write", "prepared_data")}),
    "trainer": frozenset(
        {("read", "prepared_data"), ("read", "model"), ("write", "update"), ("read", "sum")}
    ),
    "proxy": frozenset({("read", "update"), ("write", "sum"), ("write", "model")}),
    "deployer": frozenset({("read", "model"), ("read", "metrics")}),
    "auditor": frozenset({("read", "metrics"), ("read", "audit_log")}),
}


def may(roles: Sequence[str], access: Access) -> bool:
    """Return whether one of the roles gives the right to this access."""
    return any((access.action, access.subject) in RIGHTS[role] for role in roles)
