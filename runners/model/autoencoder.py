"""Model `autoencoder`: source system M5, two linear layers that learn to give back their inputs.

Without `relu` it is linear, and at its best spans the data's principal components (Baldi & Hornik
1989).
"""

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from runners.model import Axes, Form
from runners.model.forms import need_numbers
from sim.bounds import at_least

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True)
class Autoencoder:
    """Encode a vector or image in `hidden_units`, with a ReLU behind them if wanted, and decode."""

    hidden_units: int
    relu: bool

    def __post_init__(self) -> None:
        at_least("hidden_units", self.hidden_units, 1, remedy="try task.model.hidden_units=20")

    def check(self, form: Form) -> None:
        """Raise ValueError unless inputs are numbers, and as many are asked for."""
        need_numbers("autoencoder", form)
        if form.num_outputs != prod(form.inputs):
            raise ValueError(
                f"model=autoencoder gives back its {prod(form.inputs)} inputs, got data that ask "
                f"for {form.num_outputs} outputs; try data@task.data=factors, or "
                "model@task.model=mlp"
            )

    def tensor_parameters(self, form: Form) -> tuple[int, ...]:
        """Return the size of both layers' weights and biases."""
        inputs, units = prod(form.inputs), self.hidden_units
        return (inputs * units, units, units * inputs, inputs)

    def train_flops_per_sample(self, form: Form) -> float:
        """Return the FLOPs of one sample's forward and backward pass; the encoder's input needs no
        gradient.
        """
        weights = prod(form.inputs) * self.hidden_units
        return 4.0 * weights + 6.0 * weights

    def hidden_axes(self, form: Form) -> tuple[Axes, ...]:
        """Return the code's units."""
        return (("code", None), ("code",), (None, "code"), (None,))

    def build(self, form: Form) -> "torch.nn.Sequential":
        """Return the module: float32 (batch, *inputs) to (batch, num_outputs)."""
        from torch import nn

        return nn.Sequential(
            nn.Flatten(),
            nn.Linear(prod(form.inputs), self.hidden_units),
            *([nn.ReLU()] if self.relu else []),
            nn.Linear(self.hidden_units, form.num_outputs),
        )
