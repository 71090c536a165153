"""Owns parts of a model on a rank: which numbers of the whole vector they are, and the smaller
model that trains them.

A `Part` comes in; indices, int64 of shape (part's size,), and a `FlatModel` of that size go out:
the part of `vector` is `vector[indices]`, in the order of the smaller model.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from runners.learner.flat_model import FlatModel
from runners.learner.narrow import narrowed
from runners.learner.units import held_numbers, held_units, layer_sizes
from runners.model import Axes
from sim.learner import Part
from sim.protocol.fragments import fragments

NUM_REMEMBERED = 256
"""Parts that are kept, with their models. Independent parts are new ones every round."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Cut:
    """Hold the indices of a part by units, and the model of that part."""

    indices: torch.Tensor
    model: FlatModel


class PartModels:
    """Cut parts out of one task's model."""

    def __init__(self, whole: FlatModel, hidden_axes: Sequence[Axes] | None, seed: int) -> None:
        """`seed` is the run's: independent parts are drawn with it."""
        self._whole = whole
        self._axes = hidden_axes
        self._seed = seed
        self._tensors = [*whole.parameters, *whole.statistics]
        self._cuts: dict[Part, _Cut] = {}

    def indices(self, part: Part | None) -> torch.Tensor | None:
        """Return the places of a part's numbers in the whole vector, on its device; None for the
        whole.

        Raises ValueError for a part that the model can't be cut into.
        """
        if part is None:
            return None
        if part.kind == "layers":
            run = self.run(part)
            return torch.arange(run.start, run.stop, device=self._whole.initial.device)
        return self._cut(part).indices

    def model(self, part: Part | None) -> FlatModel:
        """Return a part's model, None for the whole; its initial numbers are those of the whole.

        Raises ValueError for parts by layers, which can be sent but not trained alone.
        """
        return self._whole if part is None else self._cut(part).model

    def run(self, part: Part) -> slice:
        """Return where a part by layers lies in the whole vector, cut as it is for virtual time."""
        sizes = [tensor.numel() for tensor in self._tensors]
        held = fragments(sizes, part.count, part.count)[part.index].tensor_bytes
        first = next(number for number, size in enumerate(held) if size)
        start = sum(sizes[:first])
        return slice(start, start + int(sum(held)))

    def _cut(self, part: Part) -> _Cut:
        if part not in self._cuts:
            if len(self._cuts) >= NUM_REMEMBERED:
                del self._cuts[next(iter(self._cuts))]
            self._cuts[part] = self._new_cut(part)
        return self._cuts[part]

    def _new_cut(self, part: Part) -> _Cut:
        whole = self._whole
        numbers = self._numbers(part)
        pieces, start = [], 0
        for tensor, kept in zip(self._tensors, numbers, strict=True):
            pieces.append(start + kept.reshape(-1))
            start += tensor.numel()
        indices = torch.cat(pieces).to(whole.initial.device)
        module = narrowed(whole.module, numbers)
        model = FlatModel(module, whole.loss, indices.device, tail=len(whole.tail))
        model.initial = whole.initial[indices]
        return _Cut(indices=indices, model=model)

    def _numbers(self, part: Part) -> list[torch.Tensor]:
        """Return the places of a part's numbers in each tensor."""
        if part.kind == "layers":
            raise ValueError(
                f"Work.part must be of kind width or independent to be trained, got {part.kind!r}; "
                "runs of layers are for models that are sent in fragments"
            )
        if self._axes is None:
            raise ValueError(
                f"mode.kind={part.kind} of mode=partner/submodel needs a model whose hidden units "
                "can be cut off, and this task's can't; try task.model=mlp, or for any model "
                "mode.kind=width mode.fractions=[1.0] mode.assign=in_turn"
            )
        shapes = [tuple(tensor.shape) for tensor in self._tensors]
        sizes = layer_sizes(shapes, self._axes)
        units = held_units(part, sizes, self._seed)
        return [
            held_numbers(shape, layers, sizes, units)
            for shape, layers in zip(shapes, self._axes, strict=True)
        ]
