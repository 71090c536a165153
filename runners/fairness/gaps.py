"""Owns the gaps of a final model: between partners, and between groups of people.

In: accuracies by partner; labels, predicted classes, and each test sample's group by attribute
(sex, race). Out: parts of a record's `metrics.fairness`. What a sample's group is comes beside the
model's inputs and not from them.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np

if TYPE_CHECKING:
    from runners.task import Task
    from runners.training import Training

POSITIVE = 1
"""The class that a decision is for, such as an income above 50,000 USD."""


@runtime_checkable
class HasGroups(Protocol):
    """Data whose people belong to sensitive groups; labels are 0 and 1."""

    def groups(self) -> dict[str, np.ndarray]:
        """Return the group of each sample by attribute, text of shape (num_train + num_test,), the
        training samples first.
        """
        ...


def partner_gap(accuracies: Mapping[str, float | None]) -> dict[str, Any]:
    """Return who is served best and worst, and how far they are apart; a partner without test
    samples has no accuracy. All None with fewer than two partners that have one.
    """
    known = {name: value for name, value in accuracies.items() if value is not None}
    if len(known) < 2:
        return {"accuracy_gap": None, "best_partner": None, "worst_partner": None}
    best, worst = max(known, key=known.__getitem__), min(known, key=known.__getitem__)
    return {
        "accuracy_gap": known[best] - known[worst],
        "best_partner": best,
        "worst_partner": worst,
    }


def held_out_groups(task: "Task", training: "Training") -> dict[str, np.ndarray] | None:
    """Return the group of each held-out sample by attribute; None of data without groups."""
    data = getattr(task, "data", None)
    if not isinstance(data, HasGroups):
        return None
    num_train = len(task.index().train_labels)
    groups = data.groups()
    if training.num_folds is None:
        return {name: of_each[num_train:] for name, of_each in groups.items()}
    from runners.folds import training_numbers

    held_out = np.setdiff1d(np.arange(num_train), training_numbers(task, training))
    return {name: of_each[held_out] for name, of_each in groups.items()}


def group_figures(
    labels: np.ndarray, predicted: Sequence[np.ndarray], groups: Mapping[str, np.ndarray]
) -> dict[str, Any]:
    """Return each attribute's figures, means over the models whose predicted classes these are."""
    return {
        name: _mean([_of_model(labels, one, of_each) for one in predicted])
        for name, of_each in groups.items()
    }


def _of_model(labels: np.ndarray, predicted: np.ndarray, of_each: np.ndarray) -> dict[str, Any]:
    """Return gaps between groups, and each group's own figures.

    Demographic parity: the largest difference of selection rates. Equalised odds: the larger one of
    the largest differences of true and of false positive rates (Hardt, Price & Srebro 2016).
    """
    from fairlearn.metrics import (
        MetricFrame,
        count,
        demographic_parity_difference,
        equalized_odds_difference,
        selection_rate,
    )
    from sklearn.metrics import accuracy_score

    each = {"y_true": labels, "y_pred": predicted, "sensitive_features": of_each.astype(object)}
    frame = MetricFrame(
        metrics={"accuracy": accuracy_score, "selection_rate": selection_rate, "num": count}, **each
    )
    return {
        "accuracy_gap": float(frame.difference()["accuracy"]),
        "demographic_parity_difference": float(demographic_parity_difference(**each)),
        "equalised_odds_difference": float(equalized_odds_difference(**each)),
        "groups": {
            str(group): {
                "num_samples": int(row["num"]),
                "accuracy": float(row["accuracy"]),
                "selection_rate": float(row["selection_rate"]),
            }
            for group, row in frame.by_group.iterrows()
        },
    }


def _mean(trees: Sequence[Any]) -> Any:
    """Return the mean of figures that stand at the same places of dicts."""
    if isinstance(trees[0], dict):
        return {key: _mean([tree[key] for tree in trees]) for key in trees[0]}
    if isinstance(trees[0], int):
        return trees[0]  # a number of samples, the same for all
    return sum(trees) / len(trees)
