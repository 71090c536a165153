"""Privacy `none`: updates leave as they are.

Guarantee: none. Whoever sees an update, and that is the proxy or every partner, can try to invert
it. Trust: everyone.
"""

from dataclasses import dataclass

from runners.privacy import Mechanism


@dataclass(frozen=True, kw_only=True)
class Plain(Mechanism):
    """Do nothing; beside other mechanisms it changes nothing."""

    is_about_updates = False
