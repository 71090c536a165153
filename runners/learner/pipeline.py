"""Owns the gradient of a step whose layers are computed on different ranks, one stage on each.

In each rank's buffer, tensors that its stage does not have get zero, and the mean losses of the
partners stand on the last rank only: the sum over the ranks is the gradient of the union batch with
its losses behind it, as without stages.
"""

from collections.abc import Sequence
from typing import Protocol, Self

import torch
from torch import nn

from runners.learner.local_training import LocalTraining
from runners.learner.staged_passes import Shape, StagedPasses
from sim.learner import Stages, Work


class Exchanging(Protocol):
    """Ranks that can send each other tensors; `exchange` is a `staged_passes.Exchange`."""

    @property
    def rank(self) -> int:
        """This rank's number, which is its stage's."""
        ...

    @property
    def size(self) -> int:
        """The number of ranks."""
        ...

    def exchange(
        self, outgoing: Sequence[torch.Tensor], shapes: Sequence[Shape]
    ) -> list[torch.Tensor]:
        """Send `outgoing[r]` to rank r, and return what comes from each, of these shapes."""
        ...


class StagedGradient:
    """Compute this rank's stage of steps."""

    def __init__(self, ranks: Exchanging, training: LocalTraining, stages: Stages) -> None:
        self._training = training
        self._passes = StagedPasses(training.model, stages, ranks.rank, ranks.exchange)

    @classmethod
    def of(cls, ranks: Exchanging, training: LocalTraining, stages: Stages) -> Self | None:
        """Return None where steps are to be computed whole, which learns the same.

        That is where there is not a rank for each stage, and for batch norm and dropout: in
        micro-batches these have other statistics, and other draws, than in their union.
        """
        model, num_stages = training.model, len(stages.tensors)
        is_sequence = isinstance(model.module, nn.Sequential)
        if num_stages == ranks.size > 1 and is_sequence and model.is_sample_wise:
            return cls(ranks, training, stages)
        return None

    def compute(self, works: Sequence[Work], weights: Sequence[float], start: torch.Tensor) -> None:
        """Leave this rank's part of the weighted sum of the works' gradients at `start` in the
        model's buffer.

        Every rank draws the batches of all works, whoever hosts them.
        """
        training, model = self._training, self._training.model
        inputs, targets = training.union_batch(works)
        model.buffer.zero_()
        model.at(start)
        losses = self._passes.backward(inputs, targets, training.per_sample(tuple(weights)))
        means = losses.view(len(works), -1).mean(dim=1)
        for number, work in enumerate(works):
            model.tail[work.partner] = means[number]
