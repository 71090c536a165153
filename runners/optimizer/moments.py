"""Owns Adam's two moments and the step that follows from them (Kingma & Ba 2015, algorithm 1)."""

from typing import TYPE_CHECKING

from runners.optimizer import State
from sim.bounds import not_negative, positive

if TYPE_CHECKING:
    import torch


def check(learning_rate: float, betas: tuple[float, float], epsilon: float, decay: float) -> None:
    """Raise ValueError for settings outside the paper's ranges."""
    positive("learning_rate", learning_rate, remedy="0.1 suits sgd, 0.001 suits adam")
    for number, beta in enumerate(betas, start=1):
        if not 0 <= beta < 1:
            raise ValueError(
                f"beta_{number} must be at least 0 and below 1, got {beta}; 0.9 and 0.999 are usual"
            )
    positive("epsilon", epsilon, remedy="1e-8 is usual")
    not_negative("weight_decay", decay, remedy="0 is none, 0.01 is usual")


def adam_step(
    weights: "torch.Tensor",
    gradients: "torch.Tensor",
    state: State,
    *,
    learning_rate: float,
    betas: tuple[float, float],
    epsilon: float,
) -> None:
    """Step by η m̂ / (√v̂ + ε), both moments corrected for their start at zero."""
    beta_1, beta_2 = betas
    if not state.moments:
        state.moments = [gradients.new_zeros(gradients.shape) for _ in range(2)]
    first, second = state.moments
    state.num_steps += 1
    first.lerp_(gradients, 1 - beta_1)
    second.mul_(beta_2).addcmul_(gradients, gradients, value=1 - beta_2)
    root = second.sqrt().div_((1 - beta_2**state.num_steps) ** 0.5).add_(epsilon)
    weights.addcdiv_(first, root, value=-learning_rate / (1 - beta_1**state.num_steps))
