"""Owns which children of a model's `nn.Sequential` the stages of a pipeline compute.

Stages come as runs of tensors, as virtual time has them; runs of children go out. A cut within a
child is moved to the nearest place between two children that have tensors, the earlier one of two
as near. So the first stage always has the first tensors, and a later stage may be left with no
child: it hands on what it gets. Layers without tensors stay with the layer before them.
"""

from collections.abc import Iterator
from itertools import pairwise

from torch import nn

from sim.learner import Stages


def stage_children(module: nn.Sequential, stages: Stages) -> list[range]:
    """Return the numbers of the children of each stage; together they are all."""
    places = dict(_places(module))
    cuts = [0]
    for run in stages.tensors[1:]:
        nearest = min(places, key=lambda tensor: abs(tensor - run.start))
        cuts.append(places[nearest])
    return [range(start, end) for start, end in pairwise([*cuts, len(module)])]


def _places(module: nn.Sequential) -> Iterator[tuple[int, int]]:
    """Yield where a cut may be: the tensors before it, and the children before it.

    A tensor that several children share counts to the first of them.
    """
    seen: set[int] = set()
    for number, child in enumerate(module):
        own = {id(tensor) for tensor in child.parameters()} - seen
        if own and seen:
            yield len(seen), number
        seen |= own
    yield len(seen), len(module)
