"""Owns small layers that text models need and torch lacks; imported only where they are built."""

import torch
from torch import nn


class WordsLast(nn.Module):
    """Turn (batch, length, channels) into (batch, channels, length), as convolutions want it."""

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        """Return a view."""
        return vectors.transpose(1, 2)


class PadInFront(nn.Module):
    """Move the padding, tokens 0 behind the last word, to the front of it: (batch, length) stays.

    What is read word by word then ends with a word.
    """

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return a copy."""
        length = tokens.shape[1]
        places = torch.arange(length, device=tokens.device)
        num_words = ((tokens != 0) * (places + 1)).amax(dim=1, keepdim=True)
        return tokens.gather(1, (places + num_words) % length)


class LastState(nn.Module):
    """Read (batch, length, inputs) with one LSTM layer (Hochreiter & Schmidhuber 1997, with the
    forget gate of Gers et al. 2000), and keep its state after the last place, (batch, units).
    """

    def __init__(self, inputs: int, units: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(inputs, units, batch_first=True)

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        """Return the last hidden state."""
        states, _ = self.lstm(vectors)
        return states[:, -1]
