"""Owns the scorer in torch, as it is trained; `sim.scorer` has its formula, and uses it in runs."""

import torch
from torch import Tensor, nn

from sim.features import PARTNER
from sim.policy_file import Arrays
from sim.scorer import shapes


class ScorerNetwork(nn.Module):
    """Score each partner of a batch of observations of `PickEnvironment`, and stopping."""

    def __init__(self, num_hidden: int, generator: torch.Generator) -> None:
        super().__init__()
        for name, shape in shapes(len(PARTNER), num_hidden).items():
            weight = torch.zeros(shape)
            if len(shape) > 1 or name.endswith("score_weight") or name == "score_weight":
                bound = shape[0] ** -0.5
                weight = torch.empty(shape).uniform_(-bound, bound, generator=generator)
            self.register_parameter(name, nn.Parameter(weight))

    def forward(self, partners: Tensor, whole: Tensor) -> Tensor:
        """Return scores of shape (batch, partners + 1); what is not possible has one too."""
        weights = dict(self.named_parameters())
        can_be, is_picked = partners[..., -2], partners[..., -1]
        hidden = partners[..., : len(PARTNER)] @ weights["in_weight"] + weights["in_bias"]
        hidden = torch.relu(hidden)
        means = [_mean(hidden, can_be + is_picked), _mean(hidden, is_picked)]
        context = torch.cat([*means, whole], dim=-1)
        own = hidden @ weights["own_weight"] + weights["own_bias"]
        both = torch.relu(own + (context @ weights["context_weight"]).unsqueeze(1))
        scores = both @ weights["score_weight"] + weights["score_bias"]
        stop = torch.relu(context @ weights["stop_weight"] + weights["stop_bias"])
        stop_score = stop @ weights["stop_score_weight"] + weights["stop_score_bias"]
        return torch.cat([scores, stop_score.unsqueeze(-1)], dim=-1)

    def arrays(self) -> Arrays:
        """Return the weights by name, in numpy."""
        return {name: one.detach().numpy().copy() for name, one in self.named_parameters()}


def _mean(hidden: Tensor, flags: Tensor) -> Tensor:
    """Return the mean of the flagged rows, 0 where there are none."""
    return (hidden * flags.unsqueeze(-1)).sum(1) / flags.sum(1, keepdim=True).clamp(min=1)
