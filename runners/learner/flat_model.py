"""Owns a torch module whose weights are one vector, so that versions, updates, sums and optimizers
are plain vector arithmetic.

Vectors are float32 of shape (num_parameters,), in the order of `module.parameters()`.
"""

import torch
from torch import nn


class FlatModel:
    """Compute gradients at any vector of weights; the gradient lands in the head of `buffer`.

    `buffer` has `tail` more places behind the gradient, so that small figures can travel in the
    same sum.
    """

    def __init__(self, module: nn.Module, device: torch.device, tail: int) -> None:
        if any(True for _ in module.buffers()):
            raise ValueError(
                f"{type(module).__name__} has buffers (such as batch norm's), which a flat model "
                "can't merge; use a model without"
            )
        self.module = module.to(device)
        self._parameters = list(module.parameters())
        self.num_parameters = sum(parameter.numel() for parameter in self._parameters)
        self.initial = torch.cat([parameter.detach().reshape(-1) for parameter in self._parameters])
        self.buffer = torch.zeros(self.num_parameters + tail, device=device)
        self.gradient = self.buffer[: self.num_parameters]
        self.tail = self.buffer[self.num_parameters :]
        for parameter, gradient in zip(self._parameters, self._views(self.gradient), strict=True):
            parameter.grad = gradient

    def at(self, vector: torch.Tensor) -> None:
        """Take the weights from `vector`, and follow its changes in place."""
        for parameter, values in zip(self._parameters, self._views(vector), strict=True):
            parameter.data = values

    def backward(
        self, inputs: torch.Tensor, labels: torch.Tensor, weights: torch.Tensor | None
    ) -> torch.Tensor:
        """Set `gradient` to that of the weighted sum of the samples' losses, of their mean without
        weights.

        Returns the loss of each sample, or their mean where there are no weights; detached.
        """
        self.gradient.zero_()
        reduction = "mean" if weights is None else "none"
        losses = nn.functional.cross_entropy(self.module(inputs), labels, reduction=reduction)
        (losses if weights is None else losses @ weights).backward()
        return losses.detach()

    def _views(self, vector: torch.Tensor) -> list[torch.Tensor]:
        pieces = vector.split([parameter.numel() for parameter in self._parameters])
        return [
            piece.view_as(parameter)
            for piece, parameter in zip(pieces, self._parameters, strict=True)
        ]
