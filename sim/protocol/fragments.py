"""Owns how a model is cut into fragments that are synchronised in turn (Streaming DiLoCo, Douillard
et al. 2025), and when each one's turn is.

A fragment is a run of whole layers (gradient tensors); all have about the same size. Bytes, steps.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from sim.learner import Part


@dataclass(frozen=True, kw_only=True)
class Fragment:
    """Hold one fragment: the steps between the synchronisation before it and its own, the bytes of
    all tensors in forward order, 0 for those of other fragments, and its part of the model.
    """

    num_steps: int
    tensor_bytes: tuple[float, ...]
    part: Part

    @property
    def num_bytes(self) -> float:
        """Return the fragment's size on the wire."""
        return sum(self.tensor_bytes)


def fragments(tensor_bytes: Sequence[float], inner_steps: int, count: int) -> list[Fragment]:
    """Return `count` fragments, each with its turn every `inner_steps` steps, evenly staggered.

    Raises ValueError where there are fewer tensors than fragments.
    """
    if count > len(tensor_bytes):
        raise ValueError(
            f"num_fragments must be at most the {len(tensor_bytes)} gradient tensors of the task, "
            f"got {count}; try mode.num_fragments={len(tensor_bytes)}"
        )
    turns = [inner_steps * number // count for number in range(count + 1)]
    cuts = _cuts(tensor_bytes, count)
    return [
        Fragment(
            num_steps=turns[number + 1] - turns[number],
            tensor_bytes=tuple(
                one if cuts[number] <= position < cuts[number + 1] else 0.0
                for position, one in enumerate(tensor_bytes)
            ),
            part=Part(kind="layers", index=number, count=count),
        )
        for number in range(count)
    ]


def _cuts(sizes: Sequence[float], count: int) -> list[int]:
    """Return where each run of tensors begins, and the end: as near as can be to even sizes."""
    ends = [0.0, *itertools.accumulate(sizes)]
    cuts = [0]
    for number in range(1, count):
        candidates = range(cuts[-1] + 1, len(sizes) - (count - number) + 1)
        wanted = ends[-1] * number / count
        cuts.append(min(candidates, key=lambda cut: abs(ends[cut] - wanted)))
    return [*cuts, len(sizes)]
