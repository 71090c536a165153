"""Owns the training of a chunk of jobs of which only the factors are kept, never the weights.

What comes out are losses, norms of updates, and either a sum of scaled updates (one product per
layer) or rows of weights.
"""

import torch

from runners.learner.cohort import moments
from runners.learner.engine.dense import DenseLayers, output_gradient
from runners.learner.engine.history import History, Now
from runners.learner.engine.layout import Layout
from runners.learner.rank_data import RankData

threshold_backward = torch.ops.aten.threshold_backward
"""Gradients where outputs are above the threshold, 0 elsewhere."""


class Factored:
    """Train jobs. `losses` are loss moments, (num_jobs, 2), `norms` the updates' norms."""

    def __init__(self, dense: DenseLayers, data: RankData, layout: Layout) -> None:
        self._layout = layout
        self._loss = dense.loss
        inputs, self._targets = layout.samples(data)
        self._histories: list[History] = []
        for layer in dense.layers:
            if self._histories:
                inputs = inputs.new_zeros(*inputs.shape[:2], layer.num_inputs)
            self._histories.append(History(layer, layout.start, inputs))
        self.losses = self._train()
        self.norms = self._norms()

    def add_to(self, total: torch.Tensor, factors: torch.Tensor) -> None:
        """Add every job's update, times its factor of shape (num_jobs,), to `total`; this scales
        the kept gradients, and is the last that can be asked for.
        """
        layout = self._layout
        scales = layout.final * factors.to(layout.final.dtype)[:, None]
        for history in self._histories:
            layer = history.layer
            gradients = layout.taken(history.gradients.mul_(scales[:, :, None]))
            total[layer.weight] += (gradients.mT @ layout.taken(history.inputs)).flatten()
            total[layer.bias] += gradients.sum(dim=0)
        if not layout.combination.keeps_start:
            lost = 1.0 - layout.of_start(layout.combination.weights)
            total -= (factors.to(lost.dtype) @ lost) * layout.start

    def ends(self, some: slice) -> torch.Tensor:
        """Return the trained weights of some jobs, (num_jobs, size)."""
        return self._vectors(some, self._layout.combination.weights)

    def velocities(self, some: slice) -> torch.Tensor | None:
        """Return what an optimizer with momentum goes on with, (num_jobs, size)."""
        velocity = self._layout.combination.velocity
        return None if velocity is None else self._vectors(some, velocity)

    def _train(self) -> torch.Tensor:
        """Take all steps, and return the loss moments of each job."""
        losses = self._layout.start.new_zeros(len(self._layout.jobs), 2)
        for step in range(self._layout.num_steps):
            now = self._layout.now(step)
            outputs = self._forward(now)
            targets = self._targets[: now.num_jobs, now.rows]
            gradients, sample_losses = output_gradient(self._loss, outputs, targets)
            losses[: now.num_jobs] += moments(sample_losses.mean(dim=1))
            self._backward(now, outputs, gradients)
        return losses / torch.tensor(self._layout.steps, device=losses.device)[:, None]

    def _forward(self, now: Now) -> torch.Tensor:
        """Return the last layer's outputs for a step's samples."""
        first, *others = self._histories
        passed = first.forward(now, first.inputs[: now.num_jobs, now.rows].contiguous())
        for history in others:
            history.inputs[: now.num_jobs, now.rows] = passed
            passed = history.forward(now, passed)
        return passed

    def _backward(self, now: Now, outputs: torch.Tensor, gradients: torch.Tensor) -> None:
        """Pass the gradients of the outputs back; the first layer's inputs need none."""
        for history in reversed(self._histories):
            if history.layer.has_relu:
                gradients = threshold_backward(gradients, outputs, 0.0)
            alike = history.backward(now, gradients)
            if history is not self._histories[0]:
                gradients = history.input_gradients(now, gradients, alike)
                outputs = history.inputs[: now.num_jobs, now.rows]

    def _norms(self) -> torch.Tensor:
        """Return |U + (c − 1) W_0| from |U|² and ⟨W_0, U⟩."""
        layout = self._layout
        squares = torch.stack([history.squares for history in self._histories]).sum(dim=0)
        if not layout.combination.keeps_start:
            lost = 1.0 - layout.of_start(layout.combination.weights)
            along = torch.stack([history.with_start for history in self._histories]).sum(dim=0)
            squares += lost**2 * (layout.start @ layout.start) - 2.0 * lost * along
        return squares.clamp_min_(0.0).sqrt_()

    def _vectors(self, some: slice, coefficients: torch.Tensor) -> torch.Tensor:
        """Return combinations of the start and the gradients, job by job."""
        scales = self._layout.of_rows(coefficients)[some]
        vectors = self._layout.of_start(coefficients)[some, None] * self._layout.start
        for history in self._histories:
            weights, biases = history.layer.views(vectors)
            gradients = history.gradients[some] * scales[:, :, None]
            weights.baddbmm_(gradients.mT, history.inputs[some])
            biases.add_(gradients.sum(dim=1))
        return vectors
