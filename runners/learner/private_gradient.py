"""Owns the private gradient of a shared model's step: examples are clipped where they are held, and
the noise is added once, to the sum over all ranks.

An example of a work with weight w weighs w / expected count of the work, so that the sum is the
weighted mean of the works' gradients. The noise is made for the example that weighs most. It comes
from one stream for each step, the same on all ranks, and so does not depend on how many there are.
"""

from collections.abc import Sequence

import numpy as np
import torch

from runners.example_rule import ExampleRule, expected_count
from runners.learner.clipping.choice import clipped_sum
from runners.learner.example_batches import Taken
from runners.learner.flat_model import FlatModel
from runners.learner.noise import NoiseMaker
from sim.streams import stream


def example_weights(
    weights: Sequence[float], num_held: Sequence[int], batch_size: int
) -> list[float]:
    """Return what an example of each work weighs in the sum."""
    return [
        weight / expected_count(held, batch_size)
        for weight, held in zip(weights, num_held, strict=True)
    ]


class PrivateGradient:
    """Compute clipped sums and noise in the buffer of one model."""

    def __init__(self, model: FlatModel, rule: ExampleRule, seed: int) -> None:
        """`seed` is the run's."""
        self._model = model
        self._rule = rule
        self._seed = seed
        self._sum = clipped_sum(model, rule.clipping_norm)
        self._noise = NoiseMaker(model.initial.device)

    def add(
        self,
        start: torch.Tensor,
        batch: tuple[torch.Tensor, torch.Tensor],
        taken: Sequence[Taken],
        weights: Sequence[float],
    ) -> list[float]:
        """Add the clipped gradients of one step's examples, those of all works one after the other,
        to the model's; `weights` are an example's of each work.

        Returns each work's mean loss, 0 where nobody takes part.
        """
        inputs, targets = batch
        counts = [int(one.counts[0]) for one in taken]
        if not sum(counts):
            return [0.0] * len(taken)
        each = start.new_tensor(np.repeat(weights, counts))
        total = self._model.gradient
        losses = self._sum.add(start[None], inputs[None], targets[None], each[None], total[None])
        return [float(some.sum()) / max(1, len(some)) for some in losses[0].split(counts)]

    def add_noise(self, number: int, heaviest: float) -> None:
        """Add the noise of step `number` to the model's gradient, for examples that weigh
        `heaviest` at most.
        """
        seed = int(stream(self._seed, "example noise", number).integers(2**63))
        deviation = self._rule.deviation(heaviest)
        self._noise.stream(seed).add_to(self._model.gradient, deviation)
