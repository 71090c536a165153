"""Task `supervised`: data, a model, a loss and an optimizer, put together."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runners.data import Data, Samples
from runners.loss import LOSSES, check_loss, num_outputs
from runners.model import Axes, Form, Model
from runners.optimizer import Optimizer
from runners.partition import Index
from sim.bounds import at_least, one_of

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True)
class Supervised:
    """Learn what `data` say with `model`; `name` is the preset's, and goes into records."""

    name: str
    data: Data
    model: Model
    loss: str
    batch_size: int
    optimizer: Optimizer

    def __post_init__(self) -> None:
        at_least("batch_size", self.batch_size, 1, remedy="try task.batch_size=32")
        one_of("loss", self.loss, LOSSES)
        check_loss(self.loss, self.data)
        self.model.check(self._form)

    @property
    def num_classes(self) -> int:
        """The data's."""
        return self.data.num_classes

    @property
    def num_parameters(self) -> int:
        """Weights, biases and running statistics."""
        return sum(self.tensor_parameters())

    @property
    def train_flops_per_sample(self) -> float:
        """FLOPs of one sample's forward and backward pass."""
        return self.model.train_flops_per_sample(self._form)

    @property
    def sample_bytes(self) -> int:
        """The data's."""
        return self.data.sample_bytes

    def tensor_parameters(self) -> tuple[int, ...]:
        """Return the sizes of the model's tensors."""
        return self.model.tensor_parameters(self._form)

    def hidden_axes(self) -> tuple[Axes, ...] | None:
        """Return the hidden layers behind the axes of the model's tensors."""
        return self.model.hidden_axes(self._form)

    def index(self) -> Index:
        """Return the data's labels and keys."""
        return self.data.index()

    def samples(self) -> Samples:
        """Return the data's inputs and targets."""
        return self.data.samples()

    def new_module(self) -> "torch.nn.Sequential":
        """Return a new model."""
        return self.model.build(self._form)

    @property
    def _form(self) -> Form:
        return Form(
            inputs=self.data.inputs,
            vocabulary=self.data.vocabulary,
            num_outputs=num_outputs(self.loss, self.data),
            per_token=self.data.target == "next_token",
        )
