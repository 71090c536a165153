"""Engine `vmap`: any model in which samples don't mix, many at once, by autograd.

Networks of two-dimensional convolutions are stacked by hand (`grouped`), which takes 1.7 to 2.3 ms
for a job's step where `torch.func.vmap` takes 3.3 to 4.1 and a plain loop 3.9 (8 and 16 channels,
5×5, batches of 10, one core, 8 to 32 jobs). vmap does all others.
"""

from collections.abc import Iterator, Sequence

import torch
from torch import nn
from torch.func import functional_call, grad_and_value, vmap

from runners.learner.cohort import Factors, Job, Summary, Trained, add_rows
from runners.learner.engine.grouped import grouped_outputs, is_groupable
from runners.learner.engine.rows import RowGradients, chunks, descend
from runners.learner.flat_model import FlatModel
from runners.learner.rank_data import RankData
from runners.loss import sample_losses
from runners.optimizer import Optimizer

CPU_JOBS, CPU_BYTES = 32, 2**24
"""A chunk's most jobs, and most bytes of weights, gradients and moments, on a CPU. More jobs gain
nothing there, and their activations leave the cache.
"""
GPU_JOBS, GPU_BYTES = 256, 2**32
"""The same on a GPU."""


class Vmap:
    """Do jobs in chunks, by rows of gradients."""

    def __init__(self, model: FlatModel, data: RankData, optimizer: Optimizer) -> None:
        assert model.is_sample_wise, "samples must not mix, nor chance play a part"
        self._model = model
        self._data = data
        self._optimizer = optimizer
        self._gradients = _grouped(model) if is_groupable(model.module) else _vmapped(model)

    def train(self, jobs: Sequence[Job], rates: Sequence[float]) -> Iterator[Trained]:
        """Yield trained weights chunk by chunk."""
        for chunk in chunks(jobs, self._data, self._most()):
            yield descend(chunk, self._optimizer, rates, self._gradients)

    def add_updates(
        self,
        jobs: Sequence[Job],
        rates: Sequence[float],
        factors: Factors,
        total: torch.Tensor,
    ) -> Summary:
        """Add the updates chunk by chunk."""
        return add_rows(self.train(jobs, rates), jobs, factors, total)

    def _most(self) -> int:
        """Return how many jobs a chunk has."""
        is_cpu = self._data.device.type == "cpu"
        most, room = (CPU_JOBS, CPU_BYTES) if is_cpu else (GPU_JOBS, GPU_BYTES)
        row_bytes = 4 * self._model.size * (2 + self._optimizer.num_moments)
        return max(1, min(most, room // row_bytes))


def _vmapped(model: FlatModel) -> RowGradients:
    """Return the gradients of any module, one function of a vector mapped over rows."""
    named = [*model.module.named_parameters(), *model.module.named_buffers()]
    shapes = {name: tensor.shape for name, tensor in named}

    def mean_loss(
        weights: torch.Tensor, rest: torch.Tensor, inputs: torch.Tensor, targets: torch.Tensor
    ) -> torch.Tensor:
        pieces = torch.cat([weights, rest]).split([shape.numel() for shape in shapes.values()])
        tensors = {
            name: piece.view(shape)
            for (name, shape), piece in zip(shapes.items(), pieces, strict=True)
        }
        outputs = functional_call(model.module, tensors, (inputs,))
        return sample_losses(model.loss, outputs, targets).mean()

    mapped = vmap(grad_and_value(mean_loss))

    def gradients(
        rows: torch.Tensor, inputs: torch.Tensor, targets: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        return mapped(
            rows[:, : model.num_parameters], rows[:, model.num_parameters :], inputs, targets
        )

    return gradients


def _grouped(model: FlatModel) -> RowGradients:
    """Return the gradients of a convolutional network."""
    module = model.module
    assert isinstance(module, nn.Sequential)
    shapes = [parameter.shape for parameter in model.parameters]

    def gradients(
        rows: torch.Tensor, inputs: torch.Tensor, targets: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        leaves = rows.detach().requires_grad_()
        pieces = leaves.split([shape.numel() for shape in shapes], dim=1)
        tensors = (piece.unflatten(1, shape) for piece, shape in zip(pieces, shapes, strict=True))
        outputs = grouped_outputs(module, tensors, inputs)
        losses = sample_losses(model.loss, outputs.flatten(0, 1), targets.flatten(0, 1))
        means = losses.unflatten(0, targets.shape[:2]).mean(dim=1)
        (slopes,) = torch.autograd.grad(means.sum(), leaves)
        return slopes, means.detach()

    return gradients
