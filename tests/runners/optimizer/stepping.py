"""Steps on several rows at once, ours and torch.optim's, with the same gradients."""

from collections.abc import Callable, Sequence

import torch

from runners.optimizer import Optimizer, State

NUM_ROWS, NUM_WEIGHTS, NUM_STEPS = 3, 50, 6


def gradient(step: int) -> torch.Tensor:
    """Return the gradients of all rows; each step and row has its own."""
    rng = torch.Generator().manual_seed(step)
    return torch.randn(NUM_ROWS, NUM_WEIGHTS, generator=rng)


def start() -> torch.Tensor:
    """Return weights of all rows, some of them 0."""
    rng = torch.Generator().manual_seed(99)
    weights = torch.randn(NUM_ROWS, NUM_WEIGHTS, generator=rng)
    return weights * (weights.abs() > 0.2)


def ours(optimizer: Optimizer, rates: Sequence[float]) -> tuple[torch.Tensor, State]:
    """Return all rows, and what is remembered, after a step at each rate."""
    weights, state = start(), State()
    for step, rate in enumerate(rates):
        optimizer.step(weights, gradient(step), state, rate)
    return weights, state


def theirs(
    make: Callable[[list[torch.nn.Parameter]], torch.optim.Optimizer], rates: Sequence[float]
) -> torch.Tensor:
    """Return the rows after torch.optim's steps, each row a model of its own."""
    rows = []
    for row in range(NUM_ROWS):
        parameter = torch.nn.Parameter(start()[row])
        optimizer = make([parameter])
        for step, rate in enumerate(rates):
            optimizer.param_groups[0]["lr"] = rate
            parameter.grad = gradient(step)[row]
            optimizer.step()
        rows.append(parameter.detach())
    return torch.stack(rows)


def one_step(optimizer: Optimizer, weights: list[float], gradients: list[float]) -> list[float]:
    """Return the weights of a single row after a first step at the optimizer's own rate."""
    row = torch.tensor([weights])
    optimizer.step(row, torch.tensor([gradients]), State(), optimizer.learning_rate)
    return row[0].tolist()
