"""Owns the outer optimizers' steps: a merged update takes the place of minus a gradient.

Pure functions on vectors of shape (size,), of any float type. `State` is what an optimizer
remembers: vectors of the update's shape, none before the first step.
"""

from collections.abc import Callable

import torch

from sim.learner import Outer

State = tuple[torch.Tensor, ...]
"""Nothing for sgd; the velocity for momentum and nesterov; first and second moment for the rest."""

Rule = Callable[[torch.Tensor, State, Outer], tuple[torch.Tensor, State]]

Part = slice | torch.Tensor
"""The places of a vector that a fragment has: a slice, int64 places or a mask."""


def outer_step(update: torch.Tensor, state: State, outer: Outer) -> tuple[torch.Tensor, State]:
    """Return what the weights move by, and the state after it."""
    return RULES[outer.optimizer](update, state or _begin(update, outer), outer)


def outer_step_in(
    part: Part, update: torch.Tensor, state: State, outer: Outer
) -> tuple[torch.Tensor, State]:
    """Step in a part of the vectors alone: elsewhere nothing moves, and the state stays.

    `update`, `state` and what is returned are whole vectors.
    """
    state = state or _begin(update, outer)
    some, after = outer_step(update[part], tuple(vector[part] for vector in state), outer)
    move = torch.zeros_like(update)
    move[part] = some
    state = tuple(vector.clone() for vector in state)
    for vector, values in zip(state, after, strict=True):
        vector[part] = values
    return move, state


def _begin(update: torch.Tensor, outer: Outer) -> State:
    """Return the state before the first step: velocities and first moments are 0, and second
    moments τ², the least that Reddi et al. (2021) allow for v_{-1}.
    """
    if outer.optimizer == "sgd":
        return ()
    zero = torch.zeros_like(update)
    if outer.optimizer in ("momentum", "nesterov"):
        return (zero,)
    return zero, torch.full_like(update, outer.adaptivity**2)


def _sgd(update: torch.Tensor, state: State, outer: Outer) -> tuple[torch.Tensor, State]:
    """Move by η u."""
    return outer.learning_rate * update, state


def _momentum(update: torch.Tensor, state: State, outer: Outer) -> tuple[torch.Tensor, State]:
    """Move by η v' with v' = μ v + u (FedAvgM, Hsu et al. 2019)."""
    velocity = outer.momentum * state[0] + update
    return outer.learning_rate * velocity, (velocity,)


def _nesterov(update: torch.Tensor, state: State, outer: Outer) -> tuple[torch.Tensor, State]:
    """Move by η (u + μ v') with v' = μ v + u: torch.optim.SGD(nesterov=True) with the gradient -u
    (Sutskever et al. 2013; algorithm 1 of DiLoCo, Douillard et al. 2023).
    """
    velocity = outer.momentum * state[0] + update
    return outer.learning_rate * (update + outer.momentum * velocity), (velocity,)


def _adam(update: torch.Tensor, state: State, outer: Outer) -> tuple[torch.Tensor, State]:
    """Let v' = β₂ v + (1 − β₂) u² (FedAdam)."""
    beta = outer.second_momentum
    second = beta * state[1] + (1 - beta) * update.square()
    return _adaptive(update, state[0], second, outer)


def _yogi(update: torch.Tensor, state: State, outer: Outer) -> tuple[torch.Tensor, State]:
    """Let v' = v − (1 − β₂) u² sign(v − u²) (FedYogi)."""
    square = update.square()
    change = (1 - outer.second_momentum) * square * (state[1] - square).sign()
    return _adaptive(update, state[0], state[1] - change, outer)


def _adaptive(
    update: torch.Tensor, first: torch.Tensor, second: torch.Tensor, outer: Outer
) -> tuple[torch.Tensor, State]:
    """Move by η m' / (√v' + τ) with m' = β₁ m + (1 − β₁) u, and no correction of the moments' start
    (FedOpt, algorithm 2 of Reddi et al. 2021).
    """
    first = outer.momentum * first + (1 - outer.momentum) * update
    return outer.learning_rate * first / (second.sqrt() + outer.adaptivity), (first, second)


RULES: dict[str, Rule] = {
    "sgd": _sgd,
    "momentum": _momentum,
    "nesterov": _nesterov,
    "adam": _adam,
    "yogi": _yogi,
}
