"""Optimizer `sgd`: stochastic gradient descent, with momentum if wanted.

v ← μ v + g and w ← w − η v (Polyak 1964, as torch.optim.SGD has it); with `nesterov`
w ← w − η (g + μ v) (Sutskever et al. 2013).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runners.optimizer import State, add_penalties
from sim.bounds import not_negative, positive

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True)
class Sgd:
    """Step against the gradient; `weight_decay` is L2, `l1` the weight of the sum of sizes."""

    learning_rate: float
    momentum: float
    nesterov: bool
    weight_decay: float
    l1: float

    def __post_init__(self) -> None:
        positive("learning_rate", self.learning_rate, remedy="0.1 suits sgd, 0.001 suits adam")
        if not 0 <= self.momentum < 1:
            raise ValueError(
                f"momentum must be at least 0 and below 1, got {self.momentum}; 0.9 is usual"
            )
        if self.nesterov and not self.momentum:
            raise ValueError("nesterov must be false where momentum is 0, got true; try 0.9")
        not_negative("weight_decay", self.weight_decay, remedy="0 is none, 0.0001 is usual")
        not_negative("l1", self.l1, remedy="0 is none")

    @property
    def num_moments(self) -> int:
        """One with momentum."""
        return 1 if self.momentum else 0

    @property
    def is_plain(self) -> bool:
        """Whether a step only takes η times the gradient off, and some of the weights at most."""
        return not (self.momentum or self.l1)

    def step(
        self,
        weights: "torch.Tensor",
        gradients: "torch.Tensor",
        state: State,
        learning_rate: float,
    ) -> None:
        """Take a step; the first velocity is the first gradient."""
        add_penalties(gradients, weights, weight_decay=self.weight_decay, l1=self.l1)
        state.num_steps += 1
        if not self.momentum:
            weights.add_(gradients, alpha=-learning_rate)
            return
        if not state.moments:
            state.moments = [gradients.new_zeros(gradients.shape)]
        (velocity,) = state.moments
        velocity.mul_(self.momentum).add_(gradients)
        if self.nesterov:
            weights.add_(gradients, alpha=-learning_rate)
            weights.add_(velocity, alpha=-learning_rate * self.momentum)
        else:
            weights.add_(velocity, alpha=-learning_rate)
