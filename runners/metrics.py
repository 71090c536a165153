"""Owns the figures of merit of a classifier on labelled samples, by scikit-learn (imported when first used: it takes seconds)."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """Hold mean cross entropy in nats, and figures from 0 to 1; macro means over the labels that occur.

    `roc_auc` is one-versus-rest, None where all samples have one label.
    """

    loss: float
    accuracy: float
    macro_recall: float
    macro_f1: float
    roc_auc: float | None


def measure(labels: np.ndarray, probabilities: np.ndarray) -> Metrics | None:
    """Return the metrics of `probabilities`, (num_samples, num_classes), against `labels`; None without samples."""
    from sklearn.metrics import f1_score, recall_score, roc_auc_score

    if not len(labels):
        return None
    predicted = probabilities.argmax(axis=1)
    present = np.unique(labels)
    likelihoods = probabilities[np.arange(len(labels)), labels].clip(min=np.finfo(probabilities.dtype).tiny)
    areas = [roc_auc_score(labels == label, probabilities[:, label]) for label in present if len(present) > 1]
    return Metrics(
        loss=float(-np.log(likelihoods).mean()),
        accuracy=float((predicted == labels).mean()),
        macro_recall=float(recall_score(labels, predicted, labels=present, average="macro", zero_division=0)),
        macro_f1=float(f1_score(labels, predicted, labels=present, average="macro", zero_division=0)),
        roc_auc=float(np.mean(areas)) if areas else None,
    )
