"""Optimizer `adam`: Adam with bias correction (Kingma & Ba 2015)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runners.optimizer import State, add_penalties
from runners.optimizer.moments import adam_step, check
from sim.bounds import not_negative

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True)
class Adam:
    """Step by the mean gradient over its size; `weight_decay` is L2, part of the gradient."""

    learning_rate: float
    beta_1: float
    beta_2: float
    epsilon: float
    weight_decay: float
    l1: float
    num_moments = 2

    def __post_init__(self) -> None:
        check(self.learning_rate, (self.beta_1, self.beta_2), self.epsilon, self.weight_decay)
        not_negative("l1", self.l1, remedy="0 is none")

    def step(
        self,
        weights: "torch.Tensor",
        gradients: "torch.Tensor",
        state: State,
        learning_rate: float,
    ) -> None:
        """Take a step."""
        add_penalties(gradients, weights, weight_decay=self.weight_decay, l1=self.l1)
        betas = (self.beta_1, self.beta_2)
        adam_step(
            weights,
            gradients,
            state,
            learning_rate=learning_rate,
            betas=betas,
            epsilon=self.epsilon,
        )
