"""Owns convolutional networks, many at once: k stacked networks as one, whose convolutions have a
group of channels for each of them.

Images are of shape (batch, k × channels, height, width) in memory order (batch, height, width, k ×
channels): then convolutions and pooling run along many channels at a time, however few one network
has. Behind `Flatten` it is (k, batch, units), and products are batched ones.
"""

from collections.abc import Iterator

import torch
from torch import nn
from torch.nn import functional as F

PER_CHANNEL = (nn.ReLU, nn.MaxPool2d, nn.AvgPool2d)
"""Layers to which it is the same whose channels they are given."""


def is_groupable(module: nn.Module) -> bool:
    """Return whether `grouped_outputs` knows every layer of a module."""
    if not isinstance(module, nn.Sequential):
        return False
    layers = list(module)
    kinds = (nn.Conv2d, nn.Flatten, nn.Linear, *PER_CHANNEL)
    return isinstance(layers[0], nn.Conv2d) and all(
        isinstance(layer, kinds) and _is_plain(layer) for layer in layers
    )


def grouped_outputs(
    module: nn.Sequential, tensors: Iterator[torch.Tensor], inputs: torch.Tensor
) -> torch.Tensor:
    """Return outputs of shape (k, batch, num_outputs) for inputs (k, batch, channels, height,
    width); `tensors` are the stacked parameters, (k, *shape), in the module's order.
    """
    k = len(inputs)
    signals = inputs.permute(1, 3, 4, 0, 2).flatten(3).contiguous().permute(0, 3, 1, 2)
    for layer in module:
        if isinstance(layer, nn.Conv2d):
            signals = _convolve(layer, next(tensors), next(tensors), signals)
        elif isinstance(layer, nn.Flatten):
            signals = signals.unflatten(1, (k, -1)).transpose(0, 1).flatten(2)
        elif isinstance(layer, nn.Linear):
            weights, biases = next(tensors), next(tensors)
            signals = torch.baddbmm(biases[:, None], signals, weights.mT)
        else:
            signals = layer(signals)
    return signals


def _is_plain(layer: nn.Module) -> bool:
    """Return whether a layer has the settings that are usual here: biases, one group, padding with
    zeros, and nothing but the batch that is not flattened.
    """
    if isinstance(layer, nn.Conv2d):
        return layer.bias is not None and layer.groups == 1 and layer.padding_mode == "zeros"
    if isinstance(layer, nn.Flatten):
        return layer.start_dim == 1 and layer.end_dim == -1
    return not isinstance(layer, nn.Linear) or layer.bias is not None


def _convolve(
    layer: nn.Conv2d, weights: torch.Tensor, biases: torch.Tensor, signals: torch.Tensor
) -> torch.Tensor:
    """Return what a group for each network gives."""
    return F.conv2d(
        signals,
        weights.flatten(0, 1).contiguous(memory_format=torch.channels_last),
        biases.flatten(),
        stride=layer.stride,
        padding=layer.padding,
        dilation=layer.dilation,
        groups=len(weights),
    )
