"""Optimizer `adamw`: Adam whose weight decay is no part of the gradient (Loshchilov & Hutter
2019).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runners.optimizer import State
from runners.optimizer.moments import adam_step, check

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True)
class AdamW:
    """Shrink the weights by η λ, then step as Adam does."""

    learning_rate: float
    beta_1: float
    beta_2: float
    epsilon: float
    weight_decay: float
    num_moments = 2

    def __post_init__(self) -> None:
        check(self.learning_rate, (self.beta_1, self.beta_2), self.epsilon, self.weight_decay)

    def step(
        self,
        weights: "torch.Tensor",
        gradients: "torch.Tensor",
        state: State,
        learning_rate: float,
    ) -> None:
        """Take a step."""
        weights.mul_(1 - learning_rate * self.weight_decay)
        betas = (self.beta_1, self.beta_2)
        adam_step(
            weights,
            gradients,
            state,
            learning_rate=learning_rate,
            betas=betas,
            epsilon=self.epsilon,
        )
