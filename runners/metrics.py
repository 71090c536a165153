"""Owns the figures of merit of predictions on held-out samples.

They are asked for once for each partner, so they are counted and ranked here: scikit-learn, which
tests hold them against, takes some ten times as long.
"""

from dataclasses import dataclass

import numpy as np

MANY_CLASSES = 64
"""With more classes (bytes of a text), areas under their curves cost more than they tell."""


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """Hold mean loss (cross entropy in nats, or squared error), and figures from 0 to 1; macro
    means over the labels that occur.

    `roc_auc` is one-versus-rest, None where all samples have one label, or there are more than
    `MANY_CLASSES`. `loss` and `roc_auc` are None where training diverged to weights that are no
    numbers. For squared error, `accuracy` is R² (at least 0), and what needs classes is None.
    """

    loss: float | None
    accuracy: float | None
    macro_recall: float | None
    macro_f1: float | None
    roc_auc: float | None


def measure(targets: np.ndarray, predictions: np.ndarray) -> Metrics | None:
    """Return the metrics of `predictions` against `targets`; None without samples.

    Targets are classes, int64 of shape (num_samples, …), and predictions their probabilities, of
    (num_samples, …, num_classes); or both are numbers, of (num_samples, …).
    """
    if not len(targets):
        return None
    if np.issubdtype(targets.dtype, np.floating):
        return _measure_numbers(targets, predictions)
    return _measure_classes(targets.ravel(), predictions.reshape(targets.size, -1))


def _measure_classes(labels: np.ndarray, probabilities: np.ndarray) -> Metrics:
    predicted = probabilities.argmax(axis=1)
    present = np.unique(labels)
    right = np.bincount(labels[predicted == labels], minlength=present[-1] + 1)[present]
    occurrences = np.bincount(labels, minlength=present[-1] + 1)[present]
    guesses = np.bincount(predicted, minlength=present[-1] + 1)[present]
    has_diverged = not np.isfinite(probabilities).all()
    has_area = not has_diverged and 2 <= len(present) <= MANY_CLASSES
    return Metrics(
        loss=None if has_diverged else _cross_entropy(labels, probabilities),
        accuracy=float((predicted == labels).mean()),
        macro_recall=float((right / occurrences).mean()),
        macro_f1=float((2 * right / (occurrences + guesses)).mean()),
        roc_auc=_roc_auc(labels, probabilities, present) if has_area else None,
    )


def _measure_numbers(targets: np.ndarray, predictions: np.ndarray) -> Metrics:
    """Return squared error and R², over all numbers together."""
    targets = targets.reshape(len(targets), -1).astype(np.float64)
    errors = targets - predictions.reshape(len(targets), -1)
    squared = float((errors**2).mean())
    variance = float(((targets - targets.mean(axis=0)) ** 2).mean())
    is_known = np.isfinite(squared) and variance > 0
    return Metrics(
        loss=squared if np.isfinite(squared) else None,
        accuracy=max(0.0, 1 - squared / variance) if is_known else None,
        macro_recall=None,
        macro_f1=None,
        roc_auc=None,
    )


def _cross_entropy(labels: np.ndarray, probabilities: np.ndarray) -> float:
    likelihoods = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(likelihoods.clip(min=np.finfo(probabilities.dtype).tiny)).mean())


def _roc_auc(labels: np.ndarray, probabilities: np.ndarray, present: np.ndarray) -> float:
    """Return the mean area, by rank sums: that of a class is the part of pairs, one of the class
    and one of another, in which the first has the higher probability (Hanley & McNeil 1982).
    """
    from scipy.stats import rankdata

    ranks = rankdata(probabilities[:, present], axis=0)  # ties share their mean rank
    is_class = labels[:, np.newaxis] == present
    num_of_class = is_class.sum(axis=0)
    rank_sums = np.where(is_class, ranks, 0.0).sum(axis=0)
    num_pairs = num_of_class * (len(labels) - num_of_class)
    return float(((rank_sums - num_of_class * (num_of_class + 1) / 2) / num_pairs).mean())
