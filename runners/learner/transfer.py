"""Owns starting from a model that another run has saved (transfer learning, systems.md T5)."""

import torch

from runners.learner.flat_model import FlatModel


def start_from(path: str, model: FlatModel) -> None:
    """Let a model begin with the numbers of a saved one, tensor by tensor where name and shape are
    the same; the others, such as an output layer for other classes, stay as drawn.

    Raises ValueError where the file has several models, or nothing fits.
    """
    states = torch.load(path, weights_only=True)
    if len(states) != 1:
        raise ValueError(
            f"training.start_from must name a model.pt with one model, got {path} with "
            f"{len(states)}; take one of a mode in which all share a model"
        )
    fresh = model.named(model.initial)
    fitting = {
        name: tensor
        for name, tensor in states[0].items()
        if name in fresh and fresh[name].shape == tensor.shape
    }
    if not fitting:
        raise ValueError(
            f"training.start_from must name a model with tensors like this task's, got {path} "
            "with none of the same name and shape; take a model of the same kind"
        )
    for name, tensor in fitting.items():
        fresh[name].copy_(tensor)
