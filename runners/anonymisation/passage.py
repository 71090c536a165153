"""Owns how anonymisation joins a run: whose samples pass the data proxy, what that costs on the
virtual clock, and what the trainer learns from.

Which of the training samples pass follows from the partition and the partners' speeds, and the rest
from the run's seed, so that every rank makes the same release by itself.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from runners.anonymisation import Anonymisation, Release
from runners.anonymisation.none import Unchanged
from runners.folds import divided_by_fold, training_numbers
from runners.partition import Assignment
from runners.task import Task
from runners.task.supervised import Supervised
from sim.consortium import Site
from sim.mode.pool import trainer_among
from sim.mode.proxy.data_proxy import DataProxy

if TYPE_CHECKING:
    from runners.training import Training

AnyMode = TypeVar("AnyMode")


def providers_of(
    sites: Sequence[Site], assignment: Assignment, task: Task, training: "Training"
) -> list[np.ndarray]:
    """Return the samples of everyone but the trainer, of each the numbers in the task's whole
    training set, int64; with folds too, of which the assignment has the numbers in what is left.
    """
    trainer = trainer_among([site.speed for site in sites])
    numbers = training_numbers(task, training)
    return [numbers[held] for partner, held in enumerate(assignment.train) if partner != trainer]


def with_costs(mode: AnyMode, option: Anonymisation) -> AnyMode:
    """Return the mode as the virtual clock is to run it: a data proxy with the costs of the
    option.
    """
    if not isinstance(mode, DataProxy) or isinstance(option, Unchanged):
        return mode
    return replace(
        mode,
        transform_bytes_per_s=option.transform_bytes_per_s,
        size_ratio=option.size_ratio,
    )


def release(
    option: Anonymisation,
    task: Task,
    training: "Training",
    providers: Sequence[np.ndarray],
    seed: int,
) -> Release:
    """Return what the trainer learns from, in the order of `runners.folds.index_of`."""
    assert isinstance(task, Supervised), "a task by numbers only has no samples"
    made = option.release(task.data, providers, seed)
    return replace(made, samples=divided_by_fold(made.samples, task, training))
