"""Privacy `none`: updates leave as they are.

Guarantee: none. Whoever sees an update, and that is the proxy or every partner, can try to invert
it.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True)
class Plain:
    """Send the update itself."""

    sees_updates = False

    def wire_bytes(self, update_bytes: int) -> int:
        """Return the plain size."""
        return update_bytes

    def protect(self, updates: "torch.Tensor") -> "torch.Tensor":
        """Return the updates unchanged."""
        return updates
