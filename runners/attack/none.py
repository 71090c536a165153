"""Attack `none`: every partner is honest."""

from dataclasses import dataclass

from runners.attack import Attack


@dataclass(frozen=True, kw_only=True)
class Honest(Attack):
    """Leave samples and updates as they are."""
