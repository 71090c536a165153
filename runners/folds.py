"""Owns k-fold cross validation: of the training set cut into `num_folds` parts, one takes the place
of the test set, which is not used.

Parts have the labels' mix where there are labels, and are the same for all seeds, so that runs over
all folds test each training sample once. Samples are dealt one by one: windows of one text or mails
of one author may be on both sides. What samples were prepared with (means, deviations, word
numbers) comes from all of the training set, the held-out part included.
"""

from typing import TYPE_CHECKING

import numpy as np

from runners.data import Samples
from runners.data.holdout import divided_index, divided_samples
from runners.partition import Index

if TYPE_CHECKING:
    from runners.task import Task
    from runners.training import Training


def index_of(task: "Task", training: "Training") -> Index:
    """Return a task's index, of the fold that is held out where there are folds."""
    index = task.index()
    if training.num_folds is None:
        return index
    return fold_index(index, training.num_folds, training.held_out_fold)


def samples_of(task: "Task", training: "Training") -> Samples:
    """Return a task's samples, in the order of `index_of`."""
    return divided_by_fold(task.samples(), task, training)


def divided_by_fold(samples: Samples, task: "Task", training: "Training") -> Samples:
    """Return a task's samples, which may have been changed, in the order of `index_of`."""
    if training.num_folds is None:
        return samples
    return fold_samples(samples, task.index(), training.num_folds, training.held_out_fold)


def training_numbers(task: "Task", training: "Training") -> np.ndarray:
    """Return where the training samples of `index_of` are in a task's whole training set, int64."""
    labels = task.index().train_labels
    if training.num_folds is None:
        return np.arange(len(labels))
    return np.flatnonzero(~_is_held_out(labels, training.num_folds, training.held_out_fold))


def fold_index(index: Index, num_folds: int, held_out_fold: int) -> Index:
    """Return the index of the training set without a fold, and of that fold as the test set."""
    held_out = _is_held_out(index.train_labels, num_folds, held_out_fold)
    return divided_index(index.train_labels, index.train_keys, held_out)


def fold_samples(samples: Samples, index: Index, num_folds: int, held_out_fold: int) -> Samples:
    """Return samples in the order of `fold_index` of the same whole index."""
    held_out = _is_held_out(index.train_labels, num_folds, held_out_fold)
    return divided_samples(samples.train, samples.train_targets, held_out)


def _is_held_out(labels: np.ndarray, num_folds: int, held_out_fold: int) -> np.ndarray:
    """Return which of the training samples are in the fold, bool of shape (num_samples,)."""
    from sklearn.model_selection import KFold, StratifiedKFold

    counts = np.unique(labels, return_counts=True)[1]
    if num_folds > counts.min():
        remedy = counts.min() if counts.min() > 1 else "null"
        raise ValueError(
            f"training.num_folds must be at most {counts.min()}, the number of training samples "
            f"of the rarest label, got {num_folds}; try training.num_folds={remedy}"
        )
    kind = StratifiedKFold if len(counts) > 1 else KFold
    folds = kind(num_folds, shuffle=True, random_state=0).split(labels, labels)
    held_out = np.zeros(len(labels), dtype=bool)
    held_out[next(test for fold, (_, test) in enumerate(folds) if fold == held_out_fold)] = True
    return held_out
