"""Owns what a rank computes by itself: gradients, local steps and tests, on vectors of weights.

No communication here; `runners.learner.rank_learner` joins the ranks. Weights and updates are
float32 vectors of shape (num_parameters,) on the rank's device.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from runners.learner.batches import Batches
from runners.learner.flat_model import FlatModel
from runners.learner.optimizer import Optimizer
from runners.learner.rank_data import RankData
from runners.partition import Assignment
from runners.task import Task
from sim.learner import Work
from sim.streams import stream

STEPS_AT_ONCE = 64
"""Steps whose batches are gathered together: small in memory, and many enough to cost nothing."""

TEST_BATCH = 2048


class LocalTraining:
    """Train and test one task's model on the samples that partners hold."""

    def __init__(self, *, task: Task, data: RankData, assignment: Assignment, seed: int) -> None:
        self._batch_size = task.batch_size
        self._data = data
        self._assignment = assignment
        self._seed = seed
        self._batches: dict[tuple[int, ...], Batches] = {}
        self._sample_weights: dict[tuple[float, ...], torch.Tensor] = {}
        torch.manual_seed(int(stream(seed, "model").integers(2**63)))
        self.model = FlatModel(task.model(), data.device, tail=len(assignment.train))

    def num_held(self, work: Work) -> int:
        """Return the training samples that a work may draw from."""
        return sum(len(self._assignment.train[partner]) for partner in work.data_of)

    def average_gradient(
        self, works: Sequence[Work], weights: Sequence[float], start: torch.Tensor
    ) -> None:
        """Leave the weighted sum of the works' gradients at `start` in the model's buffer.

        The works are one batch: gradients at the same weights add up, and one large product is
        faster than many small ones. Behind the gradient stands the mean loss of each partner.
        """
        losses = self.model.tail.zero_()
        if not works:
            self.model.gradient.zero_()
            return
        size = self._batch_size
        inputs, labels = self._data.batch([self._stream(work).take(size) for work in works])
        self.model.at(start)
        sample_losses = self.model.backward(inputs, labels, self._per_sample(tuple(weights)))
        mean_losses = sample_losses.view(len(works), size).mean(dim=1)
        for number, work in enumerate(works):
            losses[work.partner] = mean_losses[number]

    def train(
        self, work: Work, start: torch.Tensor, optimizer: Optimizer
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the weights after the work's steps, and the mean loss of its batches."""
        vector = optimizer.begin(start)
        self.model.at(vector)
        loss = torch.zeros((), device=self._data.device)
        for inputs, labels in self._batches_of(work):
            loss += self.model.backward(inputs, labels, None)
            optimizer.step(self.model.gradient)
        return vector, loss / work.num_steps

    def test_sums(self, vector: torch.Tensor, part: slice) -> torch.Tensor:
        """Return summed loss and number of right answers, float64, on a part of the test set."""
        labels = self._data.test_labels[part]
        logits = self._logits(vector, self._data.test_inputs[part])
        losses = torch.nn.functional.cross_entropy(logits, labels, reduction="none")
        right = logits.argmax(dim=1) == labels
        return torch.stack([losses.sum(dtype=torch.float64), right.sum(dtype=torch.float64)]).cpu()

    def test_probabilities(self, vector: torch.Tensor) -> np.ndarray:
        """Return class probabilities, (num_test_samples, num_classes), of the whole test set."""
        return self._logits(vector, self._data.test_inputs).softmax(dim=1).cpu().numpy()

    def _per_sample(self, weights: tuple[float, ...]) -> torch.Tensor:
        """Return the weight of each sample of a union batch; the same from step to step."""
        if weights not in self._sample_weights:
            per_work = torch.tensor(weights, device=self._data.device).div_(self._batch_size)
            self._sample_weights[weights] = per_work.repeat_interleave(self._batch_size)
        return self._sample_weights[weights]

    def _batches_of(self, work: Work) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        size = self._batch_size
        for first in range(0, work.num_steps, STEPS_AT_ONCE):
            num_steps = min(STEPS_AT_ONCE, work.num_steps - first)
            inputs, labels = self._data.batch([self._stream(work).take(num_steps * size)])
            yield from zip(inputs.split(size), labels.split(size), strict=True)

    def _stream(self, work: Work) -> Batches:
        """Return the order in which the holders of the work's data are drawn from, as one."""
        if work.data_of not in self._batches:
            samples = np.concatenate([self._assignment.train[partner] for partner in work.data_of])
            rng = stream(self._seed, "batches", *work.data_of)
            self._batches[work.data_of] = Batches(samples, rng)
        return self._batches[work.data_of]

    @torch.no_grad()
    def _logits(self, vector: torch.Tensor, inputs: torch.Tensor) -> torch.Tensor:
        self.model.at(vector)
        return torch.cat([self.model.module(part) for part in inputs.split(TEST_BATCH)])
