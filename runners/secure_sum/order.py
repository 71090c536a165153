"""Owns where a secure sum may stand in a chain of privacy mechanisms."""

from collections.abc import Sequence

from runners.privacy import Mechanism


def check_order(name: str, after: Sequence[Mechanism]) -> None:
    """Raise ValueError where a mechanism behind the sum `name` would change single updates, which
    nobody has any more.
    """
    for mechanism in after:
        if changes_updates(mechanism):
            late = type(mechanism).__module__.rpartition(".")[2]
            raise ValueError(
                f"privacy.{name} must come after {late}, which changes single updates, and behind "
                f"{name} there is only their sum; try 'privacy=[{late},{name}]'"
            )


def changes_updates(mechanism: Mechanism) -> bool:
    """Return whether the mechanism changes updates at their partners."""
    kind = type(mechanism)
    return kind.scales is not Mechanism.scales or kind.protect is not Mechanism.protect
