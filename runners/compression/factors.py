"""Owns the arithmetic of `powersgd`: factors of matrices, and what a partner's next ones begin at,
by partner in `merge.memory["bases"]`, in turn by the tensor's number, (columns, rank).
"""

from collections.abc import Sequence

import torch

from runners.privacy import Merge


def factors(matrices: torch.Tensor, starts: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return P (num_updates, rows, rank), orthonormal, and Q (num_updates, columns, rank).

    Householder's QR has orthonormal columns whatever the rank, so that a start which has lost some
    of its rank, or an update of zeros, gets it back.
    """
    columns = torch.linalg.qr(matrices @ starts).Q
    return columns, matrices.mT @ columns


def bases(
    number: int, matrices: torch.Tensor, rank: int, partners: Sequence[int], merge: Merge
) -> torch.Tensor:
    """Return where each partner's factors of a tensor begin; at random where it is the first."""
    shape = (matrices.shape[2], rank)
    kept = merge.memory.setdefault("bases", {})
    starts = matrices.new_empty(len(partners), *shape)
    for start, partner in zip(starts, partners, strict=True):
        base = kept.get(partner, {}).get(number)
        if base is None or base.shape != shape:
            drawn = merge.stream("compression", partner, number).standard_normal(shape)
            base = torch.from_numpy(drawn)
        start.copy_(base)
    return starts


def keep_bases(number: int, rows: torch.Tensor, partners: Sequence[int], merge: Merge) -> None:
    """Keep Q; what is not finite as 0."""
    kept = merge.memory["bases"]
    for base, partner in zip(rows.nan_to_num(0.0, 0.0, 0.0), partners, strict=True):
        kept.setdefault(partner, {})[number] = base.clone()
