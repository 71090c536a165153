"""Owns trained weights as combinations: how much of the start and of each raw gradient they have.

A linear optimizer (SGD with momentum, weight decay and a proximal term) keeps weights and velocity
in the span of the start and the raw gradients. How much of each is in them does not depend on the
data: it is found by running the optimizer itself on vectors of coefficients. These are float64 of
shape (1 + num_steps,): place 0 is the start's, place 1 + s that of the gradient of step s.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from runners.optimizer import Optimizer, State
from runners.optimizer.sgd import Sgd


@dataclass(frozen=True, kw_only=True, eq=False)
class Combination:
    """Hold coefficients before each step and after the last one, (num_steps + 1, num_steps + 1).

    Row t is what t steps make; `velocity` is None where the optimizer has no momentum.
    """

    weights: torch.Tensor
    velocity: torch.Tensor | None

    @property
    def keeps_start(self) -> bool:
        """Whether the start is in the weights with coefficient 1 whatever the step is."""
        return bool((self.weights[:, 0] == 1).all())


def is_linear(optimizer: Optimizer) -> bool:
    """Return whether what the optimizer makes is linear in the start and the gradients."""
    return isinstance(optimizer, Sgd) and not optimizer.l1


def combine(
    optimizer: Optimizer, rates: Sequence[float], num_steps: int, proximal_weight: float
) -> Combination:
    """Return the coefficients of `num_steps` steps of a linear optimizer that begins anew."""
    start = torch.zeros(1, num_steps + 1, dtype=torch.float64)
    start[0, 0] = 1.0
    vector, state = start.clone(), State()
    weights, velocities = [vector[0].clone()], [torch.zeros_like(start[0])]
    for step in range(num_steps):
        gradient = torch.zeros_like(start)
        gradient[0, 1 + step] = 1.0
        gradient.add_(vector - start, alpha=proximal_weight)
        optimizer.step(vector, gradient, state, rates[step])
        weights.append(vector[0].clone())
        velocities.extend(moment[0].clone() for moment in state.moments)
    has_velocity = optimizer.num_moments > 0
    return Combination(
        weights=torch.stack(weights),
        velocity=torch.stack(velocities) if has_velocity else None,
    )
