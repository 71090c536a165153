"""Owns the closed form: a dense first layer's gradient has the input of a single sample in it.

With z = W x + b, ∂L/∂W = (∂L/∂z) xᵀ and ∂L/∂b = ∂L/∂z, so each row of the weights' gradient,
divided by its bias's gradient, is x exactly (Phong et al. 2017). Of several samples it is a
weighted mean.
"""

from dataclasses import dataclass

import torch
from torch import nn

from runners.learner.flat_model import FlatModel


@dataclass(frozen=True, kw_only=True)
class FirstLayer:
    """Say where a dense first layer's weights and bias lie in a vector."""

    num_inputs: int
    weights: slice
    bias: slice


def first_dense_layer(model: FlatModel) -> FirstLayer | None:
    """Return the first layer that has parameters, if it is dense and has a bias; else None."""
    first = next(
        (one for one in model.module.modules() if list(one.parameters(recurse=False))), None
    )
    if not isinstance(first, nn.Linear) or first.bias is None:
        return None
    middle = first.weight.numel()
    return FirstLayer(
        num_inputs=first.in_features,
        weights=slice(0, middle),
        bias=slice(middle, middle + first.out_features),
    )


def input_of(layer: FirstLayer, rows: torch.Tensor) -> torch.Tensor:
    """Return the inputs, (num_victims, num_inputs), behind gradients of single samples.

    The bias with the largest gradient is the one that noise hides least.
    """
    weights = rows[:, layer.weights].unflatten(1, (-1, layer.num_inputs))
    bias = rows[:, layer.bias]
    best = bias.abs().argmax(dim=1)
    victims = torch.arange(len(rows), device=rows.device)
    return torch.nan_to_num(weights[victims, best] / bias[victims, best, None])
