"""Multilayer perceptron with one hidden layer (systems.md M3), and its arithmetic.

The arithmetic needs no torch; `build` imports it.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def tensor_parameters(num_inputs: int, hidden_units: int, num_classes: int) -> tuple[int, ...]:
    """Return the size of each layer's weights and biases, from the input to the output."""
    return (num_inputs * hidden_units, hidden_units, hidden_units * num_classes, num_classes)


def train_flops_per_sample(num_inputs: int, hidden_units: int, num_classes: int) -> float:
    """Return the FLOPs of one sample's forward and backward pass.

    Two per weight forward, two for its gradient, two for the gradient of its input, which the first
    layer does not need.
    """
    return 4.0 * num_inputs * hidden_units + 6.0 * hidden_units * num_classes


def build(num_inputs: int, hidden_units: int, num_classes: int) -> "torch.nn.Module":
    """Return the module: float32 (batch, num_inputs) to logits (batch, num_classes)."""
    from torch import nn

    return nn.Sequential(
        nn.Linear(num_inputs, hidden_units), nn.ReLU(), nn.Linear(hidden_units, num_classes)
    )
