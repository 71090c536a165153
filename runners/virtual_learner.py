"""Owns the learner of runs that don't train: one that learns nothing, or a fitted curve that is
shown how many samples of each label every partner has.
"""

from typing import TYPE_CHECKING

import numpy as np

from runners.folds import index_of
from sim.learner import Learner
from sim.learner.curve import Curve, CurveLearner
from sim.learner.none import TimeOnly
from sim.learning_curve import Floats, LearningCurve
from sim.workload import Workload

if TYPE_CHECKING:
    from runners.build import Run
    from runners.partition import Assignment

MAX_LABELS = 1000
"""Data with more labels than this are taken as having one."""


def virtual_learner(run: "Run", assignment: "Assignment", workload: Workload) -> Learner:
    """Return what answers for training on the virtual clock."""
    if not isinstance(run.learner, Curve):
        return TimeOnly()
    return curve_learner(run.learner.curve(), run, assignment, workload)


def curve_learner(
    curve: LearningCurve, run: "Run", assignment: "Assignment", workload: Workload
) -> CurveLearner:
    """Return the learner of a curve, for these partners."""
    return CurveLearner(curve, label_counts(run, assignment), workload.batch_size)


def label_counts(run: "Run", assignment: "Assignment") -> Floats:
    """Return how many training samples each partner has of each label that anyone has."""
    labels = index_of(run.task, run.training).train_labels
    names, numbers = np.unique(labels, return_inverse=True)
    if len(names) > MAX_LABELS:
        numbers = np.zeros(len(labels), dtype=np.int64)
    width = int(numbers.max()) + 1
    counts = [np.bincount(numbers[held], minlength=width) for held in assignment.train]
    found = np.array(counts, dtype=np.float64)
    return np.asarray(found[:, found.sum(axis=0) > 0], dtype=np.float64)
