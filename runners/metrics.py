"""Owns the figures of merit of a classifier on labelled samples, by scikit-learn (imported when
first used: it takes seconds).
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """Hold mean cross entropy in nats, and figures from 0 to 1; macro means over the labels that
    occur.

    `roc_auc` is one-versus-rest, None where all samples have one label. `loss` and `roc_auc` are
    None where training diverged to weights that are no numbers.
    """

    loss: float | None
    accuracy: float
    macro_recall: float
    macro_f1: float
    roc_auc: float | None


def measure(labels: np.ndarray, probabilities: np.ndarray) -> Metrics | None:
    """Return the metrics of `probabilities` against `labels`; None without samples.

    `labels` are int64 of shape (num_samples,), `probabilities` are of (num_samples, num_classes).
    """
    from sklearn.metrics import f1_score, recall_score

    if not len(labels):
        return None
    predicted = probabilities.argmax(axis=1)
    present = np.unique(labels)
    macro = {"labels": present, "average": "macro", "zero_division": 0}
    has_diverged = not np.isfinite(probabilities).all()
    return Metrics(
        loss=None if has_diverged else _cross_entropy(labels, probabilities),
        accuracy=float((predicted == labels).mean()),
        macro_recall=float(recall_score(labels, predicted, **macro)),
        macro_f1=float(f1_score(labels, predicted, **macro)),
        roc_auc=None if has_diverged or len(present) < 2 else _roc_auc(labels, probabilities),
    )


def _cross_entropy(labels: np.ndarray, probabilities: np.ndarray) -> float:
    likelihoods = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(likelihoods.clip(min=np.finfo(probabilities.dtype).tiny)).mean())


def _roc_auc(labels: np.ndarray, probabilities: np.ndarray) -> float:
    from sklearn.metrics import roc_auc_score

    areas = [roc_auc_score(labels == one, probabilities[:, one]) for one in np.unique(labels)]
    return float(np.mean(areas))
