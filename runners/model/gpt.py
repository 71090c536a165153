"""Model `gpt`: a small decoder-only transformer that predicts the next token at each place.

Learned places, pre-norm blocks of causal attention and an MLP four times as wide, a last norm and a
linear head, as GPT-2 (Radford et al. 2019) but without dropout.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runners.model import Axes, Form
from runners.model.forms import need_next_tokens
from sim.bounds import at_least

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True)
class Gpt:
    """Pass token vectors of `width` through `num_blocks` blocks of attention with `num_heads`.

    With `tied_head` the head's weights are the token vectors (Press & Wolf 2017); a pipeline, which
    has them on different ranks, needs an untied one.
    """

    width: int
    num_blocks: int
    num_heads: int
    tied_head: bool

    def __post_init__(self) -> None:
        at_least("width", self.width, 1, remedy="try task.model.width=64")
        at_least("num_blocks", self.num_blocks, 1, remedy="try task.model.num_blocks=2")
        at_least("num_heads", self.num_heads, 1, remedy="try task.model.num_heads=4")
        if self.width % self.num_heads:
            raise ValueError(
                f"num_heads must divide the width {self.width}, got {self.num_heads}; "
                "try task.model.num_heads=1"
            )

    def check(self, form: Form) -> None:
        """Raise ValueError unless inputs are tokens, and the next one is asked for."""
        need_next_tokens("gpt", form)

    def tensor_parameters(self, form: Form) -> tuple[int, ...]:
        """Return the size of the vectors of places and tokens, of each block's norms, weights and
        biases, and of the head.
        """
        width, vectors = self.width, form.num_outputs * self.width
        norm = (width, width)
        attention = (3 * width * width, 3 * width, width * width, width)
        mlp = (4 * width * width, 4 * width, 4 * width * width, width)
        blocks = (*norm, *attention, *norm, *mlp) * self.num_blocks
        head = norm if self.tied_head else (*norm, vectors)
        return (form.inputs[0] * width, vectors, *blocks, *head)

    def train_flops_per_sample(self, form: Form) -> float:
        """Return the FLOPs of one sample's forward and backward pass: for each token 6 for each
        weight it is multiplied with, and 12 length x width for each block's attention (Chowdhery et
        al. 2022, appendix B, which credits no saving to causality).
        """
        weights = 12 * self.width**2 * self.num_blocks + form.num_outputs * self.width
        attention = 12 * form.inputs[0] * self.width * self.num_blocks
        return float(form.inputs[0] * (6 * weights + attention))

    def hidden_axes(self, form: Form) -> tuple[Axes, ...] | None:
        """Return None: units are tied together by norms and heads."""
        return None

    def build(self, form: Form) -> "torch.nn.Sequential":
        """Return the module: int64 (batch, length) to (batch, length, num_outputs)."""
        from torch import nn

        from runners.model.transformer import (
            DEVIATION,
            CausalBlock,
            TokensAndPlaces,
            new_linear,
        )

        embedding = TokensAndPlaces(form.num_outputs, form.inputs[0], self.width)
        head = new_linear(self.width, form.num_outputs, DEVIATION, bias=False)
        if self.tied_head:
            head.weight = embedding.tokens.weight
        blocks = [
            CausalBlock(self.width, self.num_heads, 2 * self.num_blocks)
            for _ in range(self.num_blocks)
        ]
        return nn.Sequential(embedding, *blocks, nn.LayerNorm(self.width), head)
