"""Tasks: data, model, loss, batch and optimizer of one learning problem.

`supervised` is composed of options of the groups data, model and optimizer; conf/task has presets.
`sized` is a task by its numbers only. What the virtual clock needs is arithmetic and needs no
tensor library; what only training needs raises ValueError in a task by numbers.
"""

from typing import TYPE_CHECKING, Protocol

from runners.data import Samples
from runners.model import Axes
from runners.optimizer import Optimizer
from runners.partition import Index

if TYPE_CHECKING:
    import torch


class Task(Protocol):
    """Describe a learning problem."""

    @property
    def batch_size(self) -> int:
        """The samples of one step."""
        ...

    @property
    def loss(self) -> str:
        """One of `runners.loss.LOSSES`."""
        ...

    @property
    def optimizer(self) -> Optimizer:
        """Who takes local steps."""
        ...

    @property
    def num_classes(self) -> int:
        """The number of classes; 1 where there is nothing to tell apart."""
        ...

    def __hash__(self) -> int:
        """Tasks with equal settings are equal, so that their data are loaded once."""
        ...

    @property
    def num_parameters(self) -> int:
        """The numbers that a model consists of, and that move with it."""
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

    def hidden_axes(self) -> tuple[Axes, ...] | None:
        """Return the hidden layer behind each axis of each tensor; None where units can't be cut
        off.
        """
        ...

    def index(self) -> Index:
        """Return labels and keys."""
        ...

    def samples(self) -> Samples:
        """Return the model's inputs and targets, in the order of `index`."""
        ...

    def new_module(self) -> "torch.nn.Sequential":
        """Return a new model from inputs to outputs, drawn from torch's global generator."""
        ...
