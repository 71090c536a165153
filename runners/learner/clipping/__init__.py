"""Clipped sums: the gradients of single examples, each cut down to a norm, and added up.

min(1, C / |g|) g is what stays of an example's gradient g (Abadi et al. 2016, algorithm 1), |g|
being the Euclidean norm over all parameters. There is a way for dense networks (`factors`), one for
networks of common layers (`layers`), and for others `mapped` and `one_by_one`; `choice` chooses.

Rows are weights of k models, (k, size); inputs and targets are (k, batch, ...), weights of examples
(k, batch), all on one device. An example whose gradient is not finite counts nothing: it must not
make its presence known by spoiling the sum.
"""

import math
from typing import Protocol

import torch


class ClippedSum(Protocol):
    """Compute clipped sums for one model and one clipping norm."""

    def add(
        self,
        rows: torch.Tensor,
        inputs: torch.Tensor,
        targets: torch.Tensor,
        weights: torch.Tensor,
        total: torch.Tensor,
    ) -> torch.Tensor:
        """Add each model's weighted sum of clipped gradients to its row of `total`, (k,
        num_parameters), and return the examples' losses, (k, batch).
        """
        ...


def scales(
    squared_norms: torch.Tensor, weights: torch.Tensor, clipping_norm: float
) -> torch.Tensor:
    """Return what gradients with these squared norms, all finite, are multiplied by."""
    return squared_norms.rsqrt().mul_(clipping_norm).clamp_(max=1).mul_(weights)


def are_finite(squared_norms: torch.Tensor) -> bool:
    """Return whether all are, and their sum: one number to look at, since looking takes long."""
    return math.isfinite(float(squared_norms.sum()))


def silenced(tensor: torch.Tensor, squared_norms: torch.Tensor) -> torch.Tensor:
    """Return `tensor`, whose first axes are those of the norms, with zeros for examples whose norm
    is not finite.
    """
    is_finite = squared_norms.isfinite()
    shape = (*is_finite.shape, *[1] * (tensor.dim() - is_finite.dim()))
    return torch.where(is_finite.view(shape), tensor, 0.0)
