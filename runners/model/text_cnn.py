"""Model `text_cnn`: source system M1, embedding 32, conv 128x5, max-pool 5, conv 128x5, global
max-pool, softmax.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runners.model import Axes, Form
from runners.model.forms import need_text
from sim.bounds import at_least

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True)
class TextCnn:
    """Two convolutions over word vectors, and the strongest response of each channel."""

    embedding: int
    channels: int
    width: int
    pool: int

    def __post_init__(self) -> None:
        for name in ("embedding", "channels", "width", "pool"):
            at_least(name, getattr(self, name), 1, remedy=f"conf/model/text_cnn.yaml has a {name}")

    def check(self, form: Form) -> None:
        """Raise ValueError unless inputs are tokens, enough of them for both convolutions."""
        need_text("text_cnn", form)
        if self._lengths(form)[1] < 1:
            raise ValueError(
                f"model=text_cnn needs longer texts for width {self.width} and pool "
                f"{self.pool}, got {form.inputs[0]} tokens; try a smaller width or pool"
            )

    def tensor_parameters(self, form: Form) -> tuple[int, ...]:
        """Return the size of the embedding and of each layer's weights and biases."""
        channels, vocabulary = self.channels, form.vocabulary or 0
        first = (self.embedding * self.width * channels, channels)
        second = (channels * self.width * channels, channels)
        last = (channels * form.num_outputs, form.num_outputs)
        return (vocabulary * self.embedding, *first, *second, *last)

    def train_flops_per_sample(self, form: Form) -> float:
        """Return the FLOPs of one sample's forward and backward pass: three times the forward
        multiply-adds, two each.
        """
        first_length, second_length = self._lengths(form)
        first = first_length * self.embedding * self.width * self.channels
        second = second_length * self.channels * self.width * self.channels
        return 6.0 * (first + second + self.channels * form.num_outputs)

    def hidden_axes(self, form: Form) -> tuple[Axes, ...]:
        """Return the channels of both convolutions; word vectors are not cut."""
        return (
            (None, None),
            *(("first", None, None), ("first",)),
            *(("second", "first", None), ("second",)),
            *((None, "second"), (None,)),
        )

    def build(self, form: Form) -> "torch.nn.Sequential":
        """Return the module: int64 (batch, length) to (batch, num_outputs)."""
        from torch import nn

        from runners.model.layers import WordsLast

        assert form.vocabulary is not None, "checked"
        return nn.Sequential(
            nn.Embedding(form.vocabulary, self.embedding),
            WordsLast(),
            nn.Conv1d(self.embedding, self.channels, self.width),
            nn.ReLU(),
            nn.MaxPool1d(self.pool),
            nn.Conv1d(self.channels, self.channels, self.width),
            nn.ReLU(),
            nn.AdaptiveMaxPool1d(1),
            nn.Flatten(),
            nn.Linear(self.channels, form.num_outputs),
        )

    def _lengths(self, form: Form) -> tuple[int, int]:
        """Return the places at which each convolution responds."""
        first = form.inputs[0] - self.width + 1
        return first, first // self.pool - self.width + 1
