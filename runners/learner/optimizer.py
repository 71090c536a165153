"""Owns optimizers on flat vectors: state goes on from version to version, and versions stay what
they were.
"""

import torch
from torch import nn

from runners.task import Task


class Optimizer:
    """Take steps of a task's optimizer; one instance is one line of versions."""

    def __init__(self, task: Task, like: torch.Tensor) -> None:
        self._parameter = nn.Parameter(torch.empty_like(like))
        kind = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[task.optimizer]
        self._optimizer = kind([self._parameter], lr=task.learning_rate, fused=True)

    def begin(self, vector: torch.Tensor) -> torch.Tensor:
        """Return a copy of `vector` that the coming steps change in place."""
        self._parameter.data = vector.clone()
        return self._parameter.data

    def step(self, gradient: torch.Tensor) -> None:
        """Change the vector that `begin` returned."""
        self._parameter.grad = gradient
        self._optimizer.step()
