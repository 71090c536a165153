"""Owns clipped sums of any model in which samples don't mix: `torch.func.vmap` over the examples of
a batch builds the gradient of each.
"""

from collections.abc import Callable

import torch
from torch.func import functional_call, grad_and_value, vmap

from runners.learner.clipping import are_finite, scales, silenced
from runners.learner.flat_model import FlatModel
from runners.loss import sample_losses

GRADIENT_BYTES = 2**25
"""Of single gradients that are in memory at a time. 784-128-10 takes 270 µs an example in batches
of 32, 13 MB, and 430 µs in batches of 256 at once, on one core.
"""


class ClippedMapped:
    """Compute clipped sums model by model, from gradients of single examples."""

    def __init__(self, model: FlatModel, clipping_norm: float) -> None:
        self._clipping_norm = clipping_norm
        self._at_once = max(1, GRADIENT_BYTES // (4 * model.num_parameters))
        self._gradients = vmap(grad_and_value(_example_loss(model)), in_dims=(None, 0, 0))

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
            for first in range(0, weights.shape[1], self._at_once):
                some = slice(first, first + self._at_once)
                gradients, losses[row, some] = self._gradients(
                    rows[row, : total.shape[1]], inputs[row, some], targets[row, some]
                )
                squares = gradients.square().sum(dim=1)
                if not are_finite(squares):
                    gradients = silenced(gradients, squares)
                    squares = silenced(squares, squares)
                kept = scales(squares, weights[row, some], self._clipping_norm)
                total[row].addmv_(gradients.mT, kept)
        return losses


def _example_loss(
    model: FlatModel,
) -> Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]:
    """Return the loss of one example as a function of a vector, the input and the target."""
    shapes = {name: one.shape for name, one in model.module.named_parameters()}

    def loss(vector: torch.Tensor, entering: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        pieces = vector.split([shape.numel() for shape in shapes.values()])
        tensors = {
            name: piece.view(shape)
            for (name, shape), piece in zip(shapes.items(), pieces, strict=True)
        }
        outputs = functional_call(model.module, tensors, (entering[None],))
        return sample_losses(model.loss, outputs, target[None]).sum()

    return loss
