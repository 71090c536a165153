"""Owns how the noise of a job's private steps is drawn: in each step, or bridged over blocks of
steps (`bridged_noise`) where that is right and faster. Every job's is from its own seed.

It is right where a step of a dense network is plain SGD and nothing else reads the weights. The
choice depends on the job, the model and the device, not on which jobs are trained together.
"""

from collections.abc import Sequence

import torch

from runners.example_rule import ExampleRule
from runners.learner.cohort import Job
from runners.learner.engine.bridged_noise import BridgedNoise, block_steps, expected
from runners.learner.engine.dense import dense_layers
from runners.learner.flat_model import FlatModel
from runners.learner.noise import Noise, NoiseMaker
from runners.learner.rank_data import RankData
from runners.optimizer import Optimizer
from runners.optimizer.sgd import Sgd


class StepNoise:
    """Draw the noise of one job in each step."""

    def __init__(self, noise: Noise, deviation: float) -> None:
        """`deviation` is that of a step's gradient."""
        self._noise = noise
        self._deviation = deviation

    def offsets(self, step: int) -> None:
        """Return None: a step sees no noise but that in the weights."""

    def add_to(self, row: torch.Tensor, step: int, factor: float) -> None:
        """Add the step's noise, times `factor`, to a row of gradients or weights."""
        self._noise.add_to(row, factor * self._deviation)


JobNoise = StepNoise | BridgedNoise


class JobNoises:
    """Make the noise of one model's jobs."""

    def __init__(
        self, model: FlatModel, data: RankData, optimizer: Optimizer, rule: ExampleRule
    ) -> None:
        dense = dense_layers(model)
        self._first = dense.layers[0] if dense else None
        self._data = data
        self._optimizer = optimizer
        self._rule = rule
        self._maker = NoiseMaker(data.device)

    def of(self, job: Job, rates: Sequence[float]) -> JobNoise:
        """Return the noise of a job that is about to begin."""
        noise = self._maker.stream(job.seed)
        deviation = self._rule.deviation(1 / expected(job))
        if self._first is None or self.block_steps(job) == 1:
            return StepNoise(noise, deviation)
        return BridgedNoise(self._first, self._data, job, rates, noise, deviation)

    def block_steps(self, job: Job) -> int:
        """Return for how many steps of a job the first layer's noise is drawn at once; measured on
        CPUs, and 1 elsewhere.
        """
        is_drawn = self._rule.noise_multiplier and self._data.device.type == "cpu"
        if self._first is None or not is_drawn or not takes_bare_steps(job, self._optimizer):
            return 1
        return block_steps(self._first, job.num_steps, expected(job))


def takes_bare_steps(job: Job, optimizer: Optimizer) -> bool:
    """Return whether a step is nothing but w ← w − rate × gradient."""
    is_bare = isinstance(optimizer, Sgd) and optimizer.is_plain and not optimizer.weight_decay
    return is_bare and not job.proximal_weight and job.drift is None
