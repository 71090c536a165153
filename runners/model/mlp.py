"""Model `mlp`: a multilayer perceptron with ReLU between its layers; without hidden layers it is
logistic regression.

Images are flattened. With `batch_norm`, every hidden layer is normalised before its ReLU (Ioffe &
Szegedy 2015); `dropout` is the part of hidden units that a training step leaves out.
"""

import itertools
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from runners.model import Axes, Form
from runners.model.forms import need_numbers
from sim.bounds import at_least

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True)
class Mlp:
    """Map vectors to outputs through layers of `hidden_units`."""

    hidden_units: tuple[int, ...]
    batch_norm: bool
    dropout: float

    def __post_init__(self) -> None:
        for units in self.hidden_units:
            at_least("hidden_units", units, 1, remedy="try task.model.hidden_units=[128]")
        if not 0 <= self.dropout < 1:
            raise ValueError(
                f"dropout must be at least 0 and below 1, got {self.dropout}; 0 leaves nothing out"
            )

    def check(self, form: Form) -> None:
        """Raise ValueError for tokens, which are no numbers to calculate with."""
        need_numbers("mlp", form)

    def tensor_parameters(self, form: Form) -> tuple[int, ...]:
        """Return the size of each layer's weights and biases, and of the norms' scales, shifts and
        running statistics.
        """
        sizes: list[int] = []
        for number, (fan_in, fan_out) in enumerate(self._layers(form)):
            sizes += [fan_in * fan_out, fan_out]
            if self.batch_norm and number < len(self.hidden_units):
                sizes += [fan_out, fan_out]
        if self.batch_norm:
            sizes += [units for units in self.hidden_units for _ in ("mean", "variance")]
        return tuple(sizes)

    def train_flops_per_sample(self, form: Form) -> float:
        """Return the FLOPs of one sample's forward and backward pass.

        Two per weight forward, two for its gradient, two for the gradient of its input, which the
        first layer does not need.
        """
        weights = [fan_in * fan_out for fan_in, fan_out in self._layers(form)]
        return 6.0 * sum(weights) - 2.0 * weights[0]

    def hidden_axes(self, form: Form) -> tuple[Axes, ...]:
        """Return each layer's units in, and units out."""
        axes: list[Axes] = []
        before: str | None = None
        for number in range(len(self.hidden_units) + 1):
            units = f"hidden {number}" if number < len(self.hidden_units) else None
            axes += [(units, before), (units,)]
            if self.batch_norm and units:
                axes += [(units,), (units,)]
            before = units
        if self.batch_norm:
            hidden = [f"hidden {number}" for number in range(len(self.hidden_units))]
            axes += [(units,) for units in hidden for _ in ("mean", "variance")]
        return tuple(axes)

    def build(self, form: Form) -> "torch.nn.Sequential":
        """Return the module: float32 (batch, *inputs) to (batch, num_outputs)."""
        from torch import nn

        layers: list[nn.Module] = [nn.Flatten()]
        for number, (fan_in, fan_out) in enumerate(self._layers(form)):
            layers.append(nn.Linear(fan_in, fan_out))
            if number == len(self.hidden_units):
                break
            if self.batch_norm:
                layers.append(nn.BatchNorm1d(fan_out))
            layers.append(nn.ReLU())
            if self.dropout:
                layers.append(nn.Dropout(self.dropout))
        return nn.Sequential(*layers)

    def _layers(self, form: Form) -> list[tuple[int, int]]:
        """Return the units in and out of each layer."""
        return list(itertools.pairwise([prod(form.inputs), *self.hidden_units, form.num_outputs]))
