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

    def wire_bytes(self, update_bytes: int) -> int:
        """Return the plain size."""
        return update_bytes

    def protect(self, update: "torch.Tensor") -> "torch.Tensor":
        """Return the update unchanged."""
        return update
