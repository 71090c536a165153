"""Owns the local training of many partners as one computation: what a job is, and which engine does
a cohort's jobs.

An engine must give what a plain loop over the jobs gives (`engine.loop`), to rounding. Vectors are
those of `flat_model`; rows of vectors are of shape (num_jobs, size).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch

from runners.optimizer import State

Factors = Callable[[Sequence[int], torch.Tensor], torch.Tensor]
"""From the numbers of some jobs and the norms of their updates to what each is multiplied by."""


ROWS_IN_PARTIAL_SUM = 64
"""Updates that are added up in float32 before their sum goes to a float64 total, to spare passes
over it.
"""


@dataclass(frozen=True, kw_only=True, eq=False)
class Job:
    """Describe one partner's local training: from `start` on, a step for each row of `samples`.

    `samples` are numbers of training samples, int64 of shape (num_steps, batch_size), at least one
    step; `draws` augment them (`augmentation.draw`). `proximal_weight` μ adds μ (w − start) to each
    gradient, `drift`, of shape (num_parameters,), is added as it is. `state` is what the optimizer
    goes on with, and is changed; a new one begins. `seed` is for dropout and for noise.

    With a rule of example-level privacy only the first `counts` of each row of samples take part,
    int64 of shape (num_steps,), and `expected_count` do in the mean; None without.
    """

    start: torch.Tensor
    samples: np.ndarray
    state: State | None = None
    draws: np.ndarray | None = None
    proximal_weight: float = 0.0
    drift: torch.Tensor | None = None
    seed: int = 0
    counts: np.ndarray | None = None
    expected_count: int | None = None

    @property
    def num_steps(self) -> int:
        """The number of batches."""
        return len(self.samples)


@dataclass(frozen=True, kw_only=True, eq=False)
class Trained:
    """Hold trained weights of some jobs: their numbers, rows, and loss moments, (num_jobs, 2).

    Who asked for them may write to the rows; an engine may use their memory again once the next
    ones are asked for.
    """

    numbers: Sequence[int]
    ends: torch.Tensor
    losses: torch.Tensor


@dataclass(frozen=True, kw_only=True, eq=False)
class Summary:
    """Hold the loss moments of each job, (num_jobs, 2), and the Euclidean norm of its update before
    it is scaled, (num_jobs,).
    """

    losses: torch.Tensor
    norms: torch.Tensor


def moments(losses: torch.Tensor) -> torch.Tensor:
    """Return losses and their squares side by side, (..., 2).

    The means of these over a job's batches are its loss moments.
    """
    return torch.stack([losses, losses.square()], dim=-1)


class Engine(Protocol):
    """Do jobs. `rates` are the learning rates of the steps, at least as many as the longest job
    has.
    """

    def train(self, jobs: Sequence[Job], rates: Sequence[float]) -> Iterator[Trained]:
        """Yield every job's weights once, in any order and in pieces that fit into memory."""
        ...

    def add_updates(
        self,
        jobs: Sequence[Job],
        rates: Sequence[float],
        factors: Factors,
        total: torch.Tensor,
    ) -> Summary:
        """Add every job's update (end − start), times its factor, to `total`, float64 of shape
        (size,).
        """
        ...


def add_rows(
    trained: Iterator[Trained], jobs: Sequence[Job], factors: Factors, total: torch.Tensor
) -> Summary:
    """Add updates to `total` from rows of trained weights; for engines that have these.

    They are added up in their own precision, a few dozen at a time.
    """
    losses = torch.zeros(len(jobs), 2, device=total.device)
    norms = torch.zeros(len(jobs), device=total.device)
    partial, num_partial = None, 0
    for piece in trained:
        updates = _updates(piece, jobs)
        numbers = torch.as_tensor(piece.numbers, device=total.device)
        losses[numbers] = piece.losses
        norms[numbers] = piece_norms = torch.linalg.vector_norm(updates, dim=1)
        scales = factors(piece.numbers, piece_norms).to(updates.dtype)
        if partial is None:
            partial = torch.zeros_like(updates[0])
        partial.addmv_(updates.mT, scales)
        num_partial += len(updates)
        if num_partial >= ROWS_IN_PARTIAL_SUM:
            total += partial
            partial, num_partial = partial.zero_(), 0
    if partial is not None:
        total += partial
    return Summary(losses=losses, norms=norms)


def _updates(piece: Trained, jobs: Sequence[Job]) -> torch.Tensor:
    """Turn trained weights into updates, in place."""
    starts = [jobs[number].start for number in piece.numbers]
    are_same = all(start is starts[0] for start in starts)
    return piece.ends.sub_(starts[0] if are_same else torch.stack(starts))
