"""Owns the gradients that updates are made of: of many batches at once, and able to be derived
again by their inputs.

A victim is a batch behind one update. Inputs are of shape (num_victims, batch_size, *inputs),
targets (num_victims, batch_size, …), gradients of the batches' mean losses (num_victims,
num_parameters), in the order of `flat_model`.
"""

from collections.abc import Callable

import torch
from torch.func import functional_call, grad, vmap

from runners.learner.flat_model import FlatModel
from runners.loss import sample_losses

Gradients = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""From inputs and targets to gradients."""


def gradients_at(model: FlatModel, vector: torch.Tensor) -> Gradients:
    """Return the gradients at a model's weights; samples must not mix."""
    if not model.is_sample_wise:
        raise ValueError("batch norm or dropout joins the samples of a batch")
    tensors = {name: tensor.detach() for name, tensor in model.named(vector).items()}
    names = [name for name, _ in model.module.named_parameters()]

    def mean_loss(
        weights: dict[str, torch.Tensor], inputs: torch.Tensor, targets: torch.Tensor
    ) -> torch.Tensor:
        outputs = functional_call(model.module, tensors | weights, (inputs,))
        return sample_losses(model.loss, outputs, targets).mean()

    mapped = vmap(grad(mean_loss), in_dims=(None, 0, 0))
    trained = {name: tensors[name] for name in names}

    def gradients(inputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        found = mapped(trained, inputs, targets)
        return torch.cat([found[name].flatten(1) for name in names], dim=1)

    return gradients
