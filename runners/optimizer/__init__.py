"""Optimizers, on many models at once: a row of weights, gradients and moments for each.

Each option is a frozen dataclass with `step`. Rows are float32 of shape (num_models, num_weights)
and change in place. All rows of a call have taken the same number of steps. tests hold each option
against torch.optim.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import torch


@dataclass(kw_only=True)
class State:
    """Hold what an optimizer remembers of rows: moments, each of the rows' shape, and the steps
    taken; no moments before the first step.
    """

    num_steps: int = 0
    moments: "list[torch.Tensor]" = field(default_factory=list)


class Optimizer(Protocol):
    """Take steps."""

    @property
    def learning_rate(self) -> float:
        """The rate at the schedule's height."""
        ...

    @property
    def num_moments(self) -> int:
        """The rows that it remembers for each row of weights."""
        ...

    def step(
        self,
        weights: "torch.Tensor",
        gradients: "torch.Tensor",
        state: State,
        learning_rate: float,
    ) -> None:
        """Change `weights` and `state` in place; `gradients` may be overwritten."""
        ...


def add_penalties(
    gradients: "torch.Tensor", weights: "torch.Tensor", *, weight_decay: float, l1: float
) -> None:
    """Add the gradients of λ/2 |w|² (L2) and of l1 |w|₁, which has 0 at 0."""
    if weight_decay:
        gradients.add_(weights, alpha=weight_decay)
    if l1:
        gradients.add_(weights.sign(), alpha=l1)
