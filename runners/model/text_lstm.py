"""Model `text_lstm`: source system M2, embedding, LSTM 128, softmax over the last state.

Texts are padded in front, as Keras's `pad_sequences` does by default, so that the last state is the
one after the last word.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runners.model import Axes, Form
from runners.model.forms import need_text
from sim.bounds import at_least

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True)
class TextLstm:
    """Read word vectors one by one, and classify the state they leave."""

    embedding: int
    hidden_units: int

    def __post_init__(self) -> None:
        at_least("embedding", self.embedding, 1, remedy="try task.model.embedding=32")
        at_least("hidden_units", self.hidden_units, 1, remedy="try task.model.hidden_units=128")

    def check(self, form: Form) -> None:
        """Raise ValueError unless inputs are tokens, and one thing is to be said of all of them."""
        need_text("text_lstm", form)

    def tensor_parameters(self, form: Form) -> tuple[int, ...]:
        """Return the size of the embedding, of the four gates' weights for inputs and for states
        and their two biases (torch has both), and of the last layer.
        """
        units, vocabulary = self.hidden_units, form.vocabulary or 0
        gates = (4 * units * self.embedding, 4 * units * units, 4 * units, 4 * units)
        return (vocabulary * self.embedding, *gates, units * form.num_outputs, form.num_outputs)

    def train_flops_per_sample(self, form: Form) -> float:
        """Return the FLOPs of one sample's forward and backward pass: three times the forward
        multiply-adds, two each; at every token each gate meets its input and the state.
        """
        units = self.hidden_units
        gates = 4 * units * (self.embedding + units)
        return 6.0 * (form.inputs[0] * gates + units * form.num_outputs)

    def hidden_axes(self, form: Form) -> tuple[Axes, ...] | None:
        """Return None: a unit's four gates lie apart in one tensor."""
        return None

    def build(self, form: Form) -> "torch.nn.Sequential":
        """Return the module: int64 (batch, length) to (batch, num_outputs)."""
        from torch import nn

        from runners.model.layers import LastState, PadInFront

        assert form.vocabulary is not None, "checked"
        return nn.Sequential(
            PadInFront(),
            nn.Embedding(form.vocabulary, self.embedding),
            LastState(self.embedding, self.hidden_units),
            nn.Linear(self.hidden_units, form.num_outputs),
        )
