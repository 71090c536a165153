"""Privacy mechanisms: what happens to an update before it leaves its owner, and what that
guarantees.

Each option is a frozen dataclass; it says what an update weighs on the wire and transforms it.
"""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import torch


class Privacy(Protocol):
    """Transform updates."""

    def wire_bytes(self, update_bytes: int) -> int:
        """Return the bytes of a transformed update."""
        ...

    @property
    def sees_updates(self) -> bool:
        """Whether `protect` does anything; if not, no single update need ever exist."""
        ...

    def protect(self, updates: "torch.Tensor") -> "torch.Tensor":
        """Return updates as they leave their partners, a row for each; shape (num_updates, size),
        float32.
        """
        ...
