"""Owns what a version of a model is to the learner: weights, and what its line goes on with."""

from dataclasses import dataclass, field, replace

import torch

from runners.learner.outer_optimizer import State as OuterState
from runners.optimizer import State
from sim.learner import Model, Part


@dataclass(kw_only=True, eq=False)
class Version:
    """A version of a model.

    `vector` is None on ranks that don't keep it, and until what makes it has been computed.
    `optimizer` is what steps of this line go on with, the same object from version to version.
    `outer` is the outer optimizer's state, `control` SCAFFOLD's c, None before its first use.
    `part` is what an owner holds of its model, None for all.
    """

    version: int
    owner: int | None
    vector: torch.Tensor | None
    optimizer: State = field(default_factory=State)
    outer: OuterState = ()
    control: torch.Tensor | None = None
    part: Part | None = None

    def weights(self) -> torch.Tensor:
        """Return the weights; they must be kept on this rank."""
        assert self.vector is not None, "the weights of this version are kept on another rank"
        return self.vector

    def next(self, vector: torch.Tensor | None) -> "Version":
        """Return the version after this one."""
        return replace(self, version=self.version + 1, vector=vector)


def version_of(model: Model) -> Version:
    """Return a model as what it is to the learner."""
    assert isinstance(model, Version), "models come from this learner and go back to it"
    return model
