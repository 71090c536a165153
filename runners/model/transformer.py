"""Owns the layers that `gpt` is built of; imported only where modules are built."""

import torch
from torch import nn
from torch.nn import functional as F

DEVIATION = 0.02
"""Of new weights, as GPT-2 has it (Radford et al. 2019)."""


def new_linear(inputs: int, outputs: int, deviation: float, *, bias: bool = True) -> nn.Linear:
    """Return a layer with normal weights of this deviation, and no bias or one of 0."""
    layer = nn.Linear(inputs, outputs, bias=bias)
    nn.init.normal_(layer.weight, std=deviation)
    if bias:
        nn.init.zeros_(layer.bias)
    return layer


class TokensAndPlaces(nn.Module):
    """Turn int64 (batch, length) into the sum of the tokens' and the places' learned vectors,
    (batch, length, width).
    """

    def __init__(self, vocabulary: int, length: int, width: int) -> None:
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, width)
        self.places = nn.Parameter(torch.empty(length, width))
        nn.init.normal_(self.tokens.weight, std=DEVIATION)
        nn.init.normal_(self.places, std=DEVIATION)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return the sum; texts may be shorter than `length`."""
        return self.tokens(tokens) + self.places[: tokens.shape[1]]


class CausalBlock(nn.Module):
    """Add to each place's vector what attention to itself and earlier places says, and then what an
    MLP says (Vaswani et al. 2017); both read normalised vectors (pre-norm, Radford et al. 2019).

    Vectors are of shape (batch, length, width). What is added starts smaller by the square root of
    the `num_additions` of all blocks.
    """

    def __init__(self, width: int, num_heads: int, num_additions: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        adding = DEVIATION / num_additions**0.5
        self.attention_norm = nn.LayerNorm(width)
        self.questions_keys_values = new_linear(width, 3 * width, DEVIATION)
        self.answers = new_linear(width, width, adding)
        self.mlp_norm = nn.LayerNorm(width)
        self.widen = new_linear(width, 4 * width, DEVIATION)
        self.narrow = new_linear(4 * width, width, adding)

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        """Return the vectors with both additions."""
        vectors = vectors + self._attend(self.attention_norm(vectors))
        return vectors + self.narrow(F.gelu(self.widen(self.mlp_norm(vectors))))

    def _attend(self, vectors: torch.Tensor) -> torch.Tensor:
        batch, length, width = vectors.shape
        heads = self.questions_keys_values(vectors).view(batch, length, 3, self.num_heads, -1)
        questions, keys, values = heads.permute(2, 0, 3, 1, 4).unbind()
        said = F.scaled_dot_product_attention(questions, keys, values, is_causal=True)
        return self.answers(said.transpose(1, 2).reshape(batch, length, width))
