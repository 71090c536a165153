"""Owns a torch module whose numbers are one vector, so that versions, updates, sums and optimizers
are plain vector arithmetic.

Vectors are float32 of shape (size,): first what is trained, (num_parameters,) in the order of
`module.parameters()`, then the running statistics of batch norms, which move with the model.
"""

import torch
from torch import nn

from runners.compression import Layout
from runners.loss import sample_losses

MIXING = (nn.modules.batchnorm._BatchNorm, nn.modules.dropout._DropoutNd)
"""Layers with which a sample's gradient depends on the other samples of its batch, or on chance."""


class FlatModel:
    """Compute gradients at any vector; the gradient lands in the head of `buffer`.

    Behind the gradient, `buffer` has a place for the change of the statistics and `tail` more, so
    that small figures can travel in the same sum. A model `is_sample_wise` if a sample's gradient
    depends on the weights and that sample alone.
    """

    def __init__(self, module: nn.Module, loss: str, device: torch.device, tail: int) -> None:
        for layer in module.modules():
            if isinstance(layer, nn.modules.batchnorm._BatchNorm):
                layer.num_batches_tracked = None  # only counted, and no float
        self.module = module.to(device).train()
        self.is_sample_wise = not any(isinstance(layer, MIXING) for layer in module.modules())
        self.loss = loss
        self.parameters = list(module.parameters())
        self.statistics = list(module.buffers())
        numbers = [one.detach().reshape(-1) for one in (*self.parameters, *self.statistics)]
        self.initial = torch.cat(numbers)
        self.size = len(self.initial)
        self.num_parameters = sum(parameter.numel() for parameter in self.parameters)
        self.buffer = self.initial.new_zeros(self.size + tail)
        self.gradient = self.buffer[: self.num_parameters]
        self.statistics_change = self.buffer[self.num_parameters : self.size]
        self.tail = self.buffer[self.size :]
        for parameter, gradient in zip(self.parameters, self._views(self.buffer), strict=False):
            parameter.grad = gradient

    @property
    def layout(self) -> Layout:
        """What an update of the model consists of."""
        return Layout(
            tensor_shapes=tuple(tuple(one.shape) for one in self.parameters),
            num_statistics=self.size - self.num_parameters,
        )

    def at(self, vector: torch.Tensor) -> None:
        """Take the numbers from `vector`, and follow its changes in place; statistics change there
        as well.
        """
        for one, values in zip(
            (*self.parameters, *self.statistics), self._views(vector), strict=True
        ):
            one.data = values

    def backward(
        self, inputs: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor | None
    ) -> torch.Tensor:
        """Set `gradient` to that of the weighted sum of the samples' losses, of their mean without
        weights.

        Returns the loss of each sample, or their mean where there are no weights; detached.
        """
        self.gradient.zero_()
        losses = sample_losses(self.loss, self.module(inputs), targets)
        if weights is None:
            losses = losses.mean()
        (losses if weights is None else losses @ weights).backward()
        return losses.detach()

    def descend(self, inputs: torch.Tensor, targets: torch.Tensor, rate: float) -> torch.Tensor:
        """Take a step of plain SGD on the vector that `at` was given, and return the samples' mean
        loss; leaves `gradient` alone, which spares a model of many weights passes over it.
        """
        loss = sample_losses(self.loss, self.module(inputs), targets).mean()
        gradients = torch.autograd.grad(loss, self.parameters, materialize_grads=True)
        with torch.no_grad():
            for parameter, gradient in zip(self.parameters, gradients, strict=True):
                parameter.add_(gradient, alpha=-rate)
        return loss.detach()

    @torch.no_grad()
    def outputs(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return what the model says of inputs when it is used, not trained."""
        self.module.eval()
        outputs = self.module(inputs)
        self.module.train()
        return outputs

    def named(self, vector: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return the tensors in a vector, views of it, by the names that the module has for
        them.
        """
        named = (*self.module.named_parameters(), *self.module.named_buffers())
        return dict(zip([name for name, _ in named], self._views(vector), strict=True))

    def _views(self, vector: torch.Tensor) -> list[torch.Tensor]:
        tensors = (*self.parameters, *self.statistics)
        pieces = vector[: self.size].split([one.numel() for one in tensors])
        return [piece.view(one.shape) for piece, one in zip(pieces, tensors, strict=True)]
