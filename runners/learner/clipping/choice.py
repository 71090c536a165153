"""Owns which way to compute clipped sums suits a model."""

from torch import nn

from runners.learner.clipping import ClippedSum
from runners.learner.clipping.factors import ClippedFactors
from runners.learner.clipping.layers import ClippedLayers, is_layered
from runners.learner.clipping.mapped import ClippedMapped
from runners.learner.clipping.one_by_one import ClippedOneByOne
from runners.learner.engine.dense import dense_layers
from runners.learner.flat_model import FlatModel


def clipped_sum(model: FlatModel, clipping_norm: float) -> ClippedSum:
    """Return the fastest that is right for the model.

    Raises ValueError where a gradient is not of one example alone.
    """
    if not model.is_sample_wise:
        raise ValueError(
            "privacy.dp_sgd needs a model whose gradients are of one example alone, got one with "
            "batch norm or dropout; try task.model.batch_norm=false task.model.dropout=0.0, or "
            "another task.model"
        )
    dense = dense_layers(model)
    if dense is not None:
        return ClippedFactors(dense, clipping_norm)
    if is_layered(model):
        return ClippedLayers(model, clipping_norm)
    if any(isinstance(layer, nn.RNNBase) for layer in model.module.modules()):
        return ClippedOneByOne(model, clipping_norm)
    return ClippedMapped(model, clipping_norm)
