"""Owns where compression stands among privacy's mechanisms, and with which it can't go.

What can be added up in its compressed form (`sum_obstacle` is None) comes first: all mechanisms
then work on the numbers that are sent, and noise is drawn for these alone. It chooses coordinates
without looking at data, so nothing about data leaves with the choice.

Everything else comes behind the last mechanism that changes single updates other than by a factor,
since its noise would fill every coordinate again; what is done to a protected update adds nothing
to what it gives away (post-processing, Dwork & Roth 2014, proposition 2.1). Clipping that no such
noise follows comes behind compression: it then bounds what is really sent, whereas rounding up or
scaling may make a clipped update longer again. With error feedback a partner's data count in later
merges too, but each merge is within its bound, and an accountant counts them all. Under a secure
sum it is refused.
"""

from collections.abc import Sequence

from runners.compression import Compression
from runners.privacy import Mechanism


def place(compression: Compression, mechanisms: Sequence[Mechanism]) -> int:
    """Return how many of the mechanisms come before compression; raise ValueError where it would
    break what one of them is for.
    """
    obstacle = compression.sum_obstacle
    if obstacle is None:
        return next((n for n, one in enumerate(mechanisms) if one.is_about_updates), 0)
    if any(mechanism.is_secure_sum for mechanism in mechanisms):
        raise ValueError(
            "compression must be none or random_k with shared_support=true under a secure sum, "
            f"got {_name(compression)}: {obstacle}; "
            "try compression=random_k compression.shared_support=true"
        )
    changing = [number for number, one in enumerate(mechanisms) if one.needs_rows]
    return max(changing) + 1 if changing else 0


def _name(compression: Compression) -> str:
    return type(compression).__module__.rpartition(".")[2]
