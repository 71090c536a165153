"""Text CNN of source system M1: embedding 32, conv 128x5, max-pool 5, conv 128x5, global max-pool,
softmax.

Inputs are word numbers, int64 of shape (batch, length). The arithmetic needs no torch; `build`
imports it.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

EMBEDDING = 32
CHANNELS = 128
WIDTH = 5
POOL = 5


def tensor_parameters(vocabulary: int, num_classes: int) -> tuple[int, ...]:
    """Return the size of the embedding and of each layer's weights and biases, input to output."""
    first = (EMBEDDING * WIDTH * CHANNELS, CHANNELS)
    second = (CHANNELS * WIDTH * CHANNELS, CHANNELS)
    return (vocabulary * EMBEDDING, *first, *second, CHANNELS * num_classes, num_classes)


def train_flops_per_sample(length: int, num_classes: int) -> float:
    """Return the FLOPs of one sample's forward and backward pass: three times the forward
    multiply-adds, two each.
    """
    first_length = length - WIDTH + 1
    second_length = first_length // POOL - WIDTH + 1
    first = first_length * EMBEDDING * WIDTH * CHANNELS
    second = second_length * CHANNELS * WIDTH * CHANNELS
    return 6.0 * (first + second + CHANNELS * num_classes)


def build(vocabulary: int, num_classes: int) -> "torch.nn.Module":
    """Return the module: int64 (batch, length) to logits (batch, num_classes)."""
    import torch
    from torch import nn

    class TextCnn(nn.Module):
        """Two convolutions over word vectors, and the strongest response of each channel."""

        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(vocabulary, EMBEDDING)
            self.convolutions = nn.Sequential(
                nn.Conv1d(EMBEDDING, CHANNELS, WIDTH),
                nn.ReLU(),
                nn.MaxPool1d(POOL),
                nn.Conv1d(CHANNELS, CHANNELS, WIDTH),
                nn.ReLU(),
            )
            self.output = nn.Linear(CHANNELS, num_classes)

        def forward(self, words: torch.Tensor) -> torch.Tensor:
            """Return the logits of a batch of word numbers."""
            responses = self.convolutions(self.embedding(words).transpose(1, 2))
            return self.output(responses.amax(dim=2))

    return TextCnn()
