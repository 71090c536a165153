"""Owns clipped sums of recurrent models, one example after the other: their kernels can't be
mapped.
"""

import torch

from runners.learner.clipping import are_finite, scales
from runners.learner.flat_model import FlatModel
from runners.loss import sample_losses


class ClippedOneByOne:
    """Compute clipped sums example by example."""

    def __init__(self, model: FlatModel, clipping_norm: float) -> None:
        self._model = model
        self._clipping_norm = clipping_norm

    def add(
        self,
        rows: torch.Tensor,
        inputs: torch.Tensor,
        targets: torch.Tensor,
        weights: torch.Tensor,
        total: torch.Tensor,
    ) -> torch.Tensor:
        """Add to `total`, and return losses."""
        losses = torch.empty_like(weights)
        for row in range(len(rows)):
            self._model.at(rows[row])
            for one in range(weights.shape[1]):
                some = slice(one, one + 1)
                gradient, losses[row, some] = self._gradient(inputs[row, some], targets[row, some])
                square = gradient.square().sum()
                if are_finite(square):
                    kept = scales(square, weights[row, one], self._clipping_norm)
                    total[row].addcmul_(gradient, kept)
        return losses

    def _gradient(
        self, inputs: torch.Tensor, targets: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the gradient and the loss of one example."""
        model = self._model
        losses = sample_losses(model.loss, model.module(inputs), targets)
        pieces = torch.autograd.grad(losses.sum(), model.parameters, materialize_grads=True)
        return torch.cat([piece.reshape(-1) for piece in pieces]), losses.detach()
