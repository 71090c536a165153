"""Owns which hidden units a part of a model has, and which numbers of a tensor these are.

Hidden layers are known by the names that `hidden_axes` of a model gives to axes of tensors. An axis
may have several places for each unit, those of a unit side by side: a dense layer behind flattened
channels has (channels * places) inputs. The smallest axis of a layer has one place for each unit.
"""

from collections.abc import Mapping, Sequence

import torch

from runners.model import Axes
from sim.learner import Part
from sim.streams import stream

Shape = tuple[int, ...]


def layer_sizes(shapes: Sequence[Shape], axes: Sequence[Axes]) -> dict[str, int]:
    """Return the number of units of each hidden layer."""
    named = [
        (layer, size)
        for shape, layers in zip(shapes, axes, strict=True)
        for size, layer in zip(shape, layers, strict=True)
        if layer is not None
    ]
    sizes: dict[str, int] = {}
    for layer, size in named:
        sizes[layer] = min(size, sizes.get(layer, size))
    for layer, size in named:
        if size % sizes[layer]:
            raise ValueError(
                f"hidden_axes must name axes whose sizes are multiples of the layer's units, got "
                f"{size} for the {sizes[layer]} of {layer!r}; None stands for an axis to leave "
                "whole"
            )
    return sizes


def held_units(part: Part, sizes: Mapping[str, int], seed: int) -> dict[str, torch.Tensor]:
    """Return the units of each hidden layer that a part has, in rising order.

    `width` has the first ones, rounded up as in HeteroFL (Diao et al. 2021), so at least one.
    `independent` has its share of a permutation of each layer, drawn anew for each `count` numbers
    of parts as Yuan et al. (2022) do: with sets that stay, a weight between units of two sets would
    never be trained, and fused models would have it at its untrained value.
    """
    if not sizes:
        raise ValueError(
            f"mode.kind={part.kind} needs a model with hidden layers, got one without; "
            "try task.model=mlp, or another mode"
        )
    if part.kind == "width":
        return {
            layer: torch.arange(-(-size * (part.index + 1) // part.count))
            for layer, size in sizes.items()
        }
    return {layer: _share(part, layer, size, seed) for layer, size in sizes.items()}


def _share(part: Part, layer: str, size: int, seed: int) -> torch.Tensor:
    if part.count > size:
        raise ValueError(
            f"mode.kind=independent needs at least one unit of each hidden layer for each of "
            f"{part.count} parts, got {size} in {layer!r}; try a wider model, fewer partners, or "
            "mode.kind=width mode.fractions=[1.0,0.5] mode.assign=in_turn"
        )
    draw, number = divmod(part.index, part.count)
    order = stream(seed, "independent", draw, layer).permutation(size)
    mine = order[size * number // part.count : size * (number + 1) // part.count]
    mine.sort()
    return torch.from_numpy(mine)


def held_numbers(
    shape: Shape, layers: Axes, sizes: Mapping[str, int], units: Mapping[str, torch.Tensor]
) -> torch.Tensor:
    """Return the places of the numbers that a part has of a tensor, counted from the tensor's
    first, int64; their shape is the tensor's with some units only.
    """
    numbers = torch.arange(torch.Size(shape).numel()).view(shape)
    for axis, layer in enumerate(layers):
        if layer is not None:
            num_places = shape[axis] // sizes[layer]
            places = units[layer][:, None] * num_places + torch.arange(num_places)
            numbers = numbers.index_select(axis, places.reshape(-1))
    return numbers
