"""Owns error feedback: what a partner has not sent yet, float32 of shape (num_trained,), by partner
in `merge.memory["errors"]`.

e' = (u + e) − C(u + e) (Stich et al. 2018, algorithm 1; Karimireddy et al. 2019, algorithm 2), so
that after any number of merges the sum of what was decoded and the error is the sum of the updates.
"""

from collections.abc import Sequence

import torch

from runners.privacy import Merge


def add_errors(updates: torch.Tensor, partners: Sequence[int], merge: Merge) -> None:
    """Add to each update what its partner has kept."""
    errors = _errors(merge)
    for update, partner in zip(updates, partners, strict=True):
        if partner in errors:
            update += _of_size(errors[partner], len(update))


def keep_errors(unsent: torch.Tensor, partners: Sequence[int], merge: Merge) -> None:
    """Keep what was not sent; overwrites it.

    What is not finite is dropped: it would make all later updates of the partner so.
    """
    errors = _errors(merge)
    for row, partner in zip(unsent.nan_to_num_(0.0, 0.0, 0.0), partners, strict=True):
        if partner in errors:
            errors[partner].copy_(row)
        else:
            errors[partner] = row.clone()


def _errors(merge: Merge) -> dict[int, torch.Tensor]:
    errors: dict[int, torch.Tensor] = merge.memory.setdefault("errors", {})
    return errors


def _of_size(error: torch.Tensor, size: int) -> torch.Tensor:
    if len(error) != size:
        raise ValueError(
            "compression must have error_feedback=false where a partner sends parts of a model "
            f"that change, got {size} numbers after {len(error)}; try "
            "compression.error_feedback=false, or compression=int8"
        )
    return error
