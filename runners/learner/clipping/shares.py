"""Owns what single examples contribute to the gradient of a layer: their squared norms, and the
weighted sum of the contributions.

`sums` returns tensors in the order of the layer's parameters.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol, Self

import torch

Change = Callable[[torch.Tensor], torch.Tensor]


class Share(Protocol):
    """Hold the gradients of a batch's examples for one layer."""

    def squares(self) -> torch.Tensor:
        """Return the squared norm of each, (batch,)."""
        ...

    def sums(self, weights: torch.Tensor) -> list[torch.Tensor]:
        """Return the weighted sum over examples."""
        ...

    def map(self, change: Change) -> Self:
        """Return the same with what has examples on its first axis changed."""
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class DenseShare:
    """One place per example: inputs (batch, num_inputs), δ (batch, num_outputs)."""

    inputs: torch.Tensor
    delta: torch.Tensor
    has_bias: bool

    def squares(self) -> torch.Tensor:
        """Return |δ|² (|a|² + 1), without biases |δ|² |a|²."""
        return self.delta.square().sum(1) * (self.inputs.square().sum(1) + self.has_bias)

    def sums(self, weights: torch.Tensor) -> list[torch.Tensor]:
        """Return the weighted sum."""
        scaled = self.delta * weights[:, None]
        return [scaled.mT @ self.inputs, *([scaled.sum(dim=0)] if self.has_bias else [])]

    def map(self, change: Change) -> Self:
        """Return it changed."""
        return replace(self, inputs=change(self.inputs), delta=change(self.delta))


@dataclass(frozen=True, kw_only=True, eq=False)
class PlacesShare:
    """Many places per example: inputs (batch, num_inputs, places), δ (batch, num_outputs,
    places).
    """

    inputs: torch.Tensor
    delta: torch.Tensor
    has_bias: bool

    @cached_property
    def _gradients(self) -> list[torch.Tensor]:
        """Each example's, flat."""
        weights = torch.bmm(self.delta, self.inputs.mT).flatten(1)
        return [weights, *([self.delta.sum(dim=2)] if self.has_bias else [])]

    def squares(self) -> torch.Tensor:
        """Return them from the gradients."""
        return torch.stack([one.square().sum(dim=1) for one in self._gradients]).sum(dim=0)

    def sums(self, weights: torch.Tensor) -> list[torch.Tensor]:
        """Return the weighted sum."""
        return [weights @ one for one in self._gradients]

    def map(self, change: Change) -> Self:
        """Return it changed."""
        return replace(self, inputs=change(self.inputs), delta=change(self.delta))


@dataclass(frozen=True, kw_only=True, eq=False)
class EmbeddingShare:
    """Tokens (batch, places), and δ of their vectors (batch, places, width); token `unused` is not
    trained.
    """

    tokens: torch.Tensor
    delta: torch.Tensor
    num_tokens: int
    unused: int | None

    def squares(self) -> torch.Tensor:
        """Return Σ δ_s · δ_t over places s and t of the same token."""
        delta = self._used()
        is_same = self.tokens[:, :, None] == self.tokens[:, None, :]
        return (torch.bmm(delta, delta.mT) * is_same).sum(dim=(1, 2))

    def sums(self, weights: torch.Tensor) -> list[torch.Tensor]:
        """Return the weighted sum."""
        scaled = self._used() * weights[:, None, None]
        total = scaled.new_zeros(self.num_tokens, scaled.shape[2])
        return [total.index_add_(0, self.tokens.flatten(), scaled.flatten(0, 1))]

    def map(self, change: Change) -> Self:
        """Return it changed."""
        return replace(self, delta=change(self.delta))

    def _used(self) -> torch.Tensor:
        if self.unused is None:
            return self.delta
        return self.delta * (self.tokens != self.unused)[..., None]
