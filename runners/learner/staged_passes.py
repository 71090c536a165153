"""Owns the passes of a pipeline on one rank: micro-batches go forward and their gradients backward
through stages that are computed on different ranks (GPipe, Huang et al. 2019).

All ranks have all weights and compute one stage each. Ranks go in step: in each tick every rank
does one pass or none, and all exchange. With s stages and m micro-batches there are m + s - 1 ticks
forward and as many backward, with m + s - 2 exchanges each. The schedule of virtual time (1F1B or
GPipe) makes no difference to what is learned.

Activations and their gradients are of shape (micro-batch, ...), float32.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from runners.learner.flat_model import FlatModel
from runners.learner.stages import stage_children
from runners.loss import sample_losses
from sim.learner import Stages
from sim.protocol.pipeline_schedule import cut_batch

Shape = tuple[int, ...]
Exchange = Callable[[Sequence[torch.Tensor], Sequence[Shape]], list[torch.Tensor]]
"""Send a tensor to each rank, and get one of the given shape from each; empty ones of shape (0,)
where there is nothing to say. All ranks join.
"""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Pass:
    """Hold what a forward pass leaves for the backward pass; the last stage leaves a loss."""

    entering: torch.Tensor
    leaving: torch.Tensor


class StagedPasses:
    """Compute stage number `rank` of a model."""

    def __init__(self, model: FlatModel, stages: Stages, rank: int, exchange: Exchange) -> None:
        assert isinstance(model.module, nn.Sequential), (
            "models that are no sequence are computed whole"
        )
        self._model = model
        self._stages = [
            model.module[children.start : children.stop]
            for children in stage_children(model.module, stages)
        ]
        self._num_micro_batches = stages.num_micro_batches
        self._rank = rank
        self._exchange = exchange
        self._shapes: dict[torch.Size, list[Shape]] = {}

    def backward(
        self, inputs: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor
    ) -> torch.Tensor:
        """Set the model's `gradient` to this stage's part of that of the weighted sum of losses.

        All ranks give the same samples. Returns the loss of each on the last rank, zeros on others.
        """
        self._model.gradient.zero_()
        micro_batches = cut_batch(len(inputs), self._num_micro_batches)
        shapes = self._shapes_between(inputs)
        passes = self._forward(inputs, micro_batches, shapes)
        losses = weights.new_zeros(len(inputs))
        if self._rank == len(self._stages) - 1:
            for number, (samples, one) in enumerate(zip(micro_batches, passes, strict=True)):
                some = slice(samples.start, samples.stop)
                each = sample_losses(self._model.loss, one.leaving, targets[some])
                losses[some] = each.detach()
                passes[number] = _Pass(entering=one.entering, leaving=each @ weights[some])
        self._backward(passes, micro_batches, shapes)
        return losses

    def _forward(
        self, inputs: torch.Tensor, micro_batches: Sequence[range], shapes: Sequence[Shape]
    ) -> list[_Pass]:
        """Pass all micro-batches forward; rank r does number t - r in tick t."""
        rank, num_numbers, incoming = self._rank, len(micro_batches), None
        passes: list[_Pass] = []
        last_tick = num_numbers + len(self._stages) - 2
        for tick in range(last_tick + 1):
            number, outgoing = tick - rank, None
            if 0 <= number < num_numbers:
                samples = micro_batches[number]
                if incoming is None:
                    entering = inputs[samples.start : samples.stop]
                else:
                    entering = incoming.detach().requires_grad_()
                leaving = self._stages[rank](entering)
                passes.append(_Pass(entering=entering, leaving=leaving))
                outgoing = leaving.detach()
            if tick < last_tick:
                shape = _shape(micro_batches, number + 1, shapes[rank - 1]) if rank else None
                incoming = self._hand_over(outgoing, rank + 1, rank - 1, shape)
        return passes

    def _backward(
        self, passes: list[_Pass], micro_batches: Sequence[range], shapes: Sequence[Shape]
    ) -> None:
        """Pass all gradients backward, last micro-batch first: the forward pass in a mirror."""
        rank, num_numbers, incoming = self._rank, len(micro_batches), None
        last_stage = len(self._stages) - 1
        last_tick = num_numbers + last_stage - 1
        for tick in range(last_tick + 1):
            number, outgoing = last_tick - tick - rank, None
            if 0 <= number < num_numbers:
                one = passes.pop()
                torch.autograd.backward(one.leaving, incoming)
                outgoing = one.entering.grad
            if tick < last_tick:
                is_last = rank == last_stage
                shape = None if is_last else _shape(micro_batches, number - 1, shapes[rank])
                incoming = self._hand_over(outgoing, rank - 1, rank + 1, shape)

    def _hand_over(
        self, outgoing: torch.Tensor | None, target: int, source: int, shape: Shape | None
    ) -> torch.Tensor | None:
        """Send to one rank if it is there, and return what comes from another where a shape says
        that something does.
        """
        everyone = range(len(self._stages))
        nothing = torch.zeros(0, device=self._model.buffer.device)
        tensors = [
            outgoing if outgoing is not None and one == target else nothing for one in everyone
        ]
        coming = [shape if shape is not None and one == source else (0,) for one in everyone]
        received = self._exchange(tensors, coming)
        return None if shape is None else received[source]

    @torch.no_grad()
    def _shapes_between(self, inputs: torch.Tensor) -> list[Shape]:
        """Return the shape of one sample behind each stage; a sample is tried out once."""
        form = inputs.shape[1:]
        if form not in self._shapes:
            value, shapes = inputs[:1], []
            for stage in self._stages:
                value = stage(value)
                shapes.append(tuple(value.shape[1:]))
            self._shapes[form] = shapes
        return self._shapes[form]


def _shape(micro_batches: Sequence[range], number: int, sample: Shape) -> Shape | None:
    """Return the shape of a micro-batch between two stages; None where there is no such number."""
    if 0 <= number < len(micro_batches):
        return (len(micro_batches[number]), *sample)
    return None
