"""Tasks: data, model, loss and batch of one learning problem. Each option is a frozen dataclass.

What the virtual clock needs (parameters, FLOPs, bytes) is arithmetic and needs no tensor library;
tests hold it against the real model. `optimizer`, `learning_rate`, `samples` and `model` are only
asked for where training really happens; a task by numbers (`sized`) raises ValueError there.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from runners.partition import Index
from sim.bounds import at_least, one_of, positive

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True)
class Samples:
    """Hold model inputs: an array of shape (num_samples, ...) for training and one for the held-out
    test.
    """

    train: np.ndarray
    test: np.ndarray


class Task(Protocol):
    """Describe a learning problem with softmax cross entropy over `num_classes` classes."""

    num_classes: int

    @property
    def batch_size(self) -> int:
        """The samples of one step."""
        ...

    @property
    def optimizer(self) -> str:
        """One of `OPTIMIZERS`."""
        ...

    @property
    def learning_rate(self) -> float:
        """The optimizer's, constant."""
        ...

    def __hash__(self) -> int:
        """Tasks with equal settings are equal, so that their data are loaded once."""
        ...

    @property
    def num_parameters(self) -> int:
        """The number of trained numbers."""
        ...

    @property
    def train_flops_per_sample(self) -> float:
        """The FLOPs of a forward and backward pass for one sample; a multiply-add counts two."""
        ...

    @property
    def sample_bytes(self) -> int:
        """The bytes that move when one raw sample moves, label included."""
        ...

    def tensor_parameters(self) -> tuple[int, ...]:
        """Return the sizes of the gradient tensors in forward order; their sum is `num_parameters`.

        The backward pass delivers the last one first.
        """
        ...

    def index(self) -> Index:
        """Return labels and keys."""
        ...

    def samples(self) -> Samples:
        """Return the model's inputs, in the order of `index`."""
        ...

    def model(self) -> "torch.nn.Module":
        """Return a new model from inputs to logits, drawn from torch's global generator."""
        ...


OPTIMIZERS = ("sgd", "adam")


def check_recipe(task: Task) -> None:
    """Raise ValueError unless batch size, optimizer and learning rate of a task are usable."""
    at_least("batch_size", task.batch_size, 1, remedy="try task.batch_size=32")
    one_of("optimizer", task.optimizer, OPTIMIZERS)
    positive("learning_rate", task.learning_rate, remedy="0.1 suits sgd, 0.001 suits adam")
