"""Owns token recovery: which tokens were in a batch of text?

A token that is not in a batch has a gradient of 0 in its row of the embedding, so the rows that are
not 0 name the tokens (Melis et al. 2019); where a model takes maxima over places, only those of
tokens at the maxima. Scores are the norms of rows, divided by the largest of the same update: of
tokens that were in the batch, and of those that were not.
"""

import torch
from torch import nn

from runners.audit.result import Result
from runners.audit.trials import judge, mean_of
from runners.audit.victims import Victims
from runners.learner.flat_model import FlatModel

QUESTION = "was a token in the batch?"
ZERO = 1e-6
"""A row counts as 0 below this part of the largest."""


def recover_tokens(victims: Victims) -> Result:
    """Return how well the embedding's gradient names the tokens of the batches."""
    norms = embedding_norms(victims.model, victims.seen)
    norms = norms / norms.amax(dim=1, keepdim=True).clamp(min=torch.finfo(norms.dtype).tiny)
    present = torch.zeros(norms.shape, dtype=torch.bool, device=norms.device)
    present.scatter_(1, victims.inputs.flatten(1), torch.ones_like(present))
    named = norms > ZERO
    right = (named & present).sum(dim=1).double()
    return Result(
        attack="embedding",
        kind="reconstruction",
        question=QUESTION,
        judgement=judge(
            norms[present].double().cpu().numpy(), norms[~present].double().cpu().numpy()
        ),
        quality={
            "recall": mean_of((right / present.sum(dim=1)).tolist()),
            "precision": mean_of((right / named.sum(dim=1).clamp(min=1)).tolist()),
            "chance_precision": mean_of(present.double().mean(dim=1).tolist()),
        },
    )


def embedding_norms(model: FlatModel, rows: torch.Tensor) -> torch.Tensor:
    """Return the norms of the embedding's rows in gradients, (num_victims, vocabulary).

    Raises ValueError where a model has no embedding.
    """
    layers = (one for one in model.module.modules() if isinstance(one, nn.Embedding))
    layer = next(layers, None)
    if layer is None:
        raise ValueError("needs a model with an embedding")
    start = 0
    for parameter in model.parameters:
        if parameter is layer.weight:
            break
        start += parameter.numel()
    table = rows[:, start : start + layer.weight.numel()].unflatten(1, layer.weight.shape)
    return torch.linalg.vector_norm(table, dim=2)
