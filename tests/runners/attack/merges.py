"""Merges for tests of attacks."""

from typing import Any

from runners.privacy import Merge


def merge_of(
    num_partners: int, *, number: int = 0, seed: int = 0, memory: dict[str, Any] | None = None
) -> Merge:
    """Return a merge in which all partners take part."""
    return Merge(
        number=number,
        partners=tuple(range(num_partners)),
        dropped=(),
        num_partners=num_partners,
        seed=seed,
        secret=0,
        memory={} if memory is None else memory,
    )
