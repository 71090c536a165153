"""Owns the outer optimizer's step: SGD with Nesterov momentum, a merged update in the gradient's
place.

Pure functions on vectors of shape (num_parameters,), float64.
"""

from collections.abc import Sequence

import torch

from sim.learner import Outer, Work


def outer_step(
    update: torch.Tensor, velocity: torch.Tensor | None, outer: Outer
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Return what the weights move by, and the velocity after it; None is a velocity of zero.

    v' = μ v + u, and the weights move by η (u + μ v'): torch.optim.SGD(nesterov=True) with the
    gradient -u (Sutskever et al. 2013; algorithm 1 of DiLoCo, Douillard et al. 2023).
    """
    if outer.momentum == 0:
        return outer.learning_rate * update, velocity
    velocity = update.clone() if velocity is None else outer.momentum * velocity + update
    return outer.learning_rate * (update + outer.momentum * velocity), velocity


def check_outer(outer: Outer | None, works: Sequence[Work]) -> None:
    """Raise ValueError for what is simulated but can't be learned yet."""
    if any(work.part is not None and work.part.kind == "layers" for work in works):
        raise ValueError(
            "learner=horovod can't train fragments, or go on while a sum is under way, yet; "
            "try learner=none, or mode.num_fragments=1 mode.overlap_steps=0"
        )
    if outer is not None and outer.wire_bytes_per_parameter is not None:
        raise ValueError(
            f"learner=horovod can't round updates to {outer.wire_bytes_per_parameter} bytes per "
            "parameter yet; try learner=none, or mode.wire_bytes_per_parameter=4.0"
        )
