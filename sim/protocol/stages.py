"""Owns how the layers of a model are split into stages that follow each other, one per partner.

The costs of the tensors in forward order come in, in any unit; runs of tensors go out.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray


def split_layers(costs: Sequence[float], speeds: Sequence[float]) -> list[range]:
    """Return the tensors of each stage, at least one, so that the slowest stage is as fast as can
    be.

    Stage s takes the sum of its tensors' costs, divided by `speeds[s]`. Raises ValueError where
    there are more stages than tensors.
    """
    num_tensors, num_stages = len(costs), len(speeds)
    if num_stages > num_tensors:
        raise ValueError(
            f"mode.num_stages must be at most the {num_tensors} gradient tensors of the model, got "
            f"{num_stages}; try a number of stages that divides the partners and is at most "
            f"{num_tensors}"
        )
    cuts = _cuts(np.concatenate([[0.0], np.cumsum(costs)]), speeds)
    return [range(start, end) for start, end in pairwise(cuts)]


def _cuts(ends: NDArray[np.float64], speeds: Sequence[float]) -> list[int]:
    """Return the tensors before which a stage begins, and the number of tensors.

    Dynamic programming over the stages: `slowest[j]` is the time of the slowest stage if the first
    j tensors are split among the stages so far.
    """
    stage_costs = np.where(
        np.tri(len(ends), dtype=bool),  # a stage from i up to j has at least one tensor
        np.inf,
        ends[None, :] - ends[:, None],
    )
    slowest = np.full(len(ends), np.inf)
    slowest[0] = 0.0
    starts = []
    for speed in speeds:
        candidates = np.maximum(slowest[:, None], stage_costs / speed)
        starts.append(candidates.argmin(axis=0))
        slowest = candidates.min(axis=0)
    cuts = [len(ends) - 1]
    for start in reversed(starts):
        cuts.insert(0, int(start[cuts[0]]))
    return cuts
