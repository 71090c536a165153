"""Models: torch modules from inputs to outputs, and their arithmetic. Each option is a frozen
dataclass.

What the virtual clock needs (sizes, FLOPs) is arithmetic and needs no tensor library; tests hold it
against the real module. `build` imports torch. A module is an `nn.Sequential` whose children can be
cut into the stages of a pipeline.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import torch

Axes = tuple[str | None, ...]
"""The hidden layer that each axis of a tensor has the units of, None where it has others.

A layer has as many units as the shortest axis that names it. A longer one has a whole number of
entries for each unit, those of one unit side by side: what `nn.Flatten` makes of channels.
"""


@dataclass(frozen=True, kw_only=True)
class Form:
    """Say what goes into a model and what comes out.

    `inputs` is the shape of one sample, `vocabulary` is None where inputs are no tokens, and
    `per_token` asks for `num_outputs` at each token and not for the sample.
    """

    inputs: tuple[int, ...]
    vocabulary: int | None
    num_outputs: int
    per_token: bool


class Model(Protocol):
    """Describe a model of any form that it can take."""

    def check(self, form: Form) -> None:
        """Raise ValueError where the model can't have this form."""
        ...

    def tensor_parameters(self, form: Form) -> tuple[int, ...]:
        """Return the sizes of the tensors that are trained, in forward order, as
        `module.parameters()` has them, and behind them those of running statistics.
        """
        ...

    def train_flops_per_sample(self, form: Form) -> float:
        """Return the FLOPs of a forward and backward pass of one sample; a multiply-add counts
        two.
        """
        ...

    def hidden_axes(self, form: Form) -> tuple[Axes, ...] | None:
        """Return the hidden layer behind each axis of each tensor; None where units can't be cut
        off.
        """
        ...

    def build(self, form: Form) -> "torch.nn.Sequential":
        """Return a new module, drawn from torch's global generator."""
        ...
