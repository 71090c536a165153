"""Owns the merging of updates of different parts of a model: a number moves by the weighted mean of
the updates that have it, and stays where nobody has it (HeteroFL, Diao et al. 2021, section 3).

For number j with holders H_j, weights p and updates u that is Σ_{k∈H_j} p_k u_kj / Σ_{k∈H_j} p_k.
"""

from collections.abc import Iterable

import torch

Holder = tuple[torch.Tensor | None, float]
"""The indices of a part, None for the whole, and the weight of a work on it."""


def mean_of_holders(total: torch.Tensor, holders: Iterable[Holder]) -> torch.Tensor:
    """Return how far each number moves, from the weighted sum of updates, 0 where a part has none.

    `total` is float64 of shape (size,), `holders` are all works that it is summed from, those of
    other ranks too.
    """
    held = torch.zeros_like(total)
    for indices, weight in holders:
        held[slice(None) if indices is None else indices] += weight
    return torch.where(held > 0, total / held, 0.0)
