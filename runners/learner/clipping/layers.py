"""Owns clipped sums of sequences of common layers: dense, convolutions, embeddings.

One backward pass gives δ, the gradient of each layer's outputs, for the whole batch, and no
gradient of weights. A layer at T places has the gradient Σ_t δ_t a_tᵀ for an example: one product
per layer gives those of all examples (Rochette et al. 2019, arXiv:1912.06015, for convolutions). At
one place, and for embeddings, norms don't need it (`factors`; Li et al. 2022, arXiv:2110.05679).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import nn

from runners.learner.clipping import are_finite, scales, silenced
from runners.learner.clipping.shares import DenseShare, EmbeddingShare, PlacesShare, Share
from runners.learner.flat_model import FlatModel
from runners.loss import sample_losses

CPU_EXAMPLES, GPU_EXAMPLES = 64, 1024
"""Examples that are computed together: their inputs to convolutions are laid out place by place."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Seen:
    """Hold a layer with parameters, what went in, and what came out."""

    layer: nn.Module
    inputs: torch.Tensor
    outputs: torch.Tensor


class ClippedLayers:
    """Compute clipped sums model by model, layer by layer."""

    def __init__(self, model: FlatModel, clipping_norm: float) -> None:
        self._model = model
        self._clipping_norm = clipping_norm
        is_cpu = model.initial.device.type == "cpu"
        self._at_once = CPU_EXAMPLES if is_cpu else GPU_EXAMPLES

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
            for first in range(0, weights.shape[1], self._at_once):
                some = slice(first, first + self._at_once)
                shares, losses[row, some] = self._shares(inputs[row, some], targets[row, some])
                self._add(shares, weights[row, some], total[row])
        return losses

    def _shares(
        self, inputs: torch.Tensor, targets: torch.Tensor
    ) -> tuple[list[Share], torch.Tensor]:
        """Return the examples' gradients of each layer, and their losses."""
        assert isinstance(self._model.module, nn.Sequential)
        value, seen = inputs, []
        for layer in self._model.module:
            entering = value
            value = layer(entering)
            if next(layer.parameters(), None) is not None:
                seen.append(_Seen(layer=layer, inputs=entering.detach(), outputs=value))
        losses = sample_losses(self._model.loss, value, targets)
        deltas = torch.autograd.grad(losses.sum(), [one.outputs for one in seen])
        shares = [_share(one, delta) for one, delta in zip(seen, deltas, strict=True)]
        return shares, losses.detach()

    def _add(self, shares: Sequence[Share], weights: torch.Tensor, total: torch.Tensor) -> None:
        squares = torch.stack([share.squares() for share in shares]).sum(dim=0)
        if not are_finite(squares):
            shares = [share.map(partial(silenced, squared_norms=squares)) for share in shares]
            squares = silenced(squares, squares)
        kept = scales(squares, weights, self._clipping_norm)
        sums = [one for share in shares for one in share.sums(kept)]
        total += torch.cat([one.reshape(-1) for one in sums])


def is_layered(model: FlatModel) -> bool:
    """Return whether every layer with parameters is one that this module knows."""
    module = model.module
    if not isinstance(module, nn.Sequential):
        return False
    trained = [layer for layer in module if next(layer.parameters(), None) is not None]
    num_named = sum(one.numel() for layer in trained for one in layer.parameters())
    return (
        all(_is_known(layer) for layer in trained)
        and num_named == model.num_parameters  # none is used twice
        and not any(getattr(layer, "inplace", False) for layer in module.modules())
    )


def _is_known(layer: nn.Module) -> bool:
    if isinstance(layer, nn.Embedding):
        return layer.max_norm is None and not layer.scale_grad_by_freq and not layer.sparse
    if isinstance(layer, nn.Conv1d | nn.Conv2d):
        return layer.groups == 1 and layer.padding_mode == "zeros"
    return isinstance(layer, nn.Linear)


def _share(seen: _Seen, delta: torch.Tensor) -> Share:
    layer, inputs = seen.layer, seen.inputs
    if isinstance(layer, nn.Embedding):
        return EmbeddingShare(
            tokens=inputs.flatten(1),
            delta=delta.flatten(1, -2),
            num_tokens=layer.num_embeddings,
            unused=layer.padding_idx,
        )
    assert isinstance(layer, nn.Linear | nn.Conv1d | nn.Conv2d)
    has_bias = layer.bias is not None
    if isinstance(layer, nn.Linear) and inputs.dim() == 2:
        return DenseShare(inputs=inputs, delta=delta, has_bias=has_bias)
    if isinstance(layer, nn.Linear):
        places, delta = inputs.flatten(1, -2).mT, delta.flatten(1, -2).mT
    else:
        places, delta = _places(layer, inputs), delta.flatten(2)
    return PlacesShare(inputs=places, delta=delta, has_bias=has_bias)


def _places(layer: nn.Conv1d | nn.Conv2d, inputs: torch.Tensor) -> torch.Tensor:
    """Return what a convolution reads at each place, (batch, channels × width, places)."""
    before_after = _padding(layer)
    padded = nn.functional.pad(inputs, before_after) if any(before_after) else inputs
    if isinstance(layer, nn.Conv2d):
        return nn.functional.unfold(
            padded, layer.kernel_size, dilation=layer.dilation, stride=layer.stride
        )
    return nn.functional.unfold(
        padded[:, :, None],
        (1, layer.kernel_size[0]),
        dilation=(1, layer.dilation[0]),
        stride=(1, layer.stride[0]),
    )


def _padding(layer: nn.Conv1d | nn.Conv2d) -> list[int]:
    """Return the zeros before and after, last axis first, as `pad` wants them."""
    numbers = []
    for axis in reversed(range(len(layer.kernel_size))):
        if layer.padding == "same":
            all_ = layer.dilation[axis] * (layer.kernel_size[axis] - 1)
            numbers += [all_ // 2, all_ - all_ // 2]
        elif layer.padding == "valid":
            numbers += [0, 0]
        else:
            numbers += [int(layer.padding[axis])] * 2
    return numbers
