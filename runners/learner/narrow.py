"""Owns cutting a torch module down to some of its units: same layers, smaller tensors.

The units that are left compute what they would if nothing came from the others. HeteroFL's scaler,
which makes up in training for what does not come, is left out.
"""

import copy
from collections.abc import Sequence

import torch
from torch import nn


def narrowed(module: nn.Module, numbers: Sequence[torch.Tensor]) -> nn.Module:
    """Return a copy of `module` with some of each tensor's numbers.

    `numbers` are places in each parameter, then in each buffer, int64 of the new shape. Raises
    ValueError for a layer that can't be cut.
    """
    narrow = copy.deepcopy(module)
    for tensor, kept in zip((*narrow.parameters(), *narrow.buffers()), numbers, strict=True):
        tensor.data = tensor.data.reshape(-1)[kept.to(tensor.device)]
    for before, layer in zip(module.modules(), narrow.modules(), strict=True):
        if _shapes(before) != _shapes(layer):
            _tell_sizes(layer)
    return narrow


def _shapes(layer: nn.Module) -> list[torch.Size]:
    """Return the shapes of a layer's own tensors."""
    own = (*layer.parameters(recurse=False), *layer.buffers(recurse=False))
    return [tensor.shape for tensor in own]


def _tell_sizes(layer: nn.Module) -> None:
    """Let a layer's settings say what its tensors are."""
    if isinstance(layer, nn.Linear):
        layer.out_features, layer.in_features = layer.weight.shape
    elif isinstance(layer, nn.Embedding):
        layer.num_embeddings, layer.embedding_dim = layer.weight.shape
    elif isinstance(layer, nn.Conv1d | nn.Conv2d) and layer.groups == 1:
        layer.out_channels, layer.in_channels = layer.weight.shape[:2]
    elif isinstance(layer, nn.modules.batchnorm._BatchNorm):
        (own,) = set(_shapes(layer))
        (layer.num_features,) = own
    else:
        raise ValueError(
            f"a part of a model can cut Linear, Embedding, Conv1d, Conv2d without groups and "
            f"BatchNorm, got {layer}; its model's hidden_axes must be None, which "
            "mode=partner/submodel refuses"
        )
