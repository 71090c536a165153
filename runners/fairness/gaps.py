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


@runtime_checkable
class HasGroups(Protocol):
    """Data whose people may belong to sensitive groups; labels are classes."""

    def groups(self) -> dict[str, np.ndarray]:
        """Return the group of each sample by attribute, text of shape (num_train + num_test,), the
        training samples first; nothing where no attribute is named.
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
    groups = data.groups() if isinstance(data, HasGroups) else {}
    if not groups:
        return None
    num_train = len(task.index().train_labels)
    if training.num_folds is None:
        return {name: of_each[num_train:] for name, of_each in groups.items()}
    from runners.folds import training_numbers

    held_out = np.setdiff1d(np.arange(num_train), training_numbers(task, training))
    return {name: of_each[held_out] for name, of_each in groups.items()}


def group_figures(
    labels: np.ndarray,
    predicted: Sequence[np.ndarray],
    groups: Mapping[str, np.ndarray],
    num_classes: int,
) -> dict[str, Any]:
    """Return each attribute's figures, means over the models whose predicted classes these are.

    Of two classes the second, 1, is what people are selected for, such as an income above 50,000
    USD; with more there are accuracies only.
    """
    told = _of_decisions if num_classes == 2 else _of_classes
    return {
        name: _mean([told(labels, one, of_each.astype(object)) for one in predicted])
        for name, of_each in groups.items()
    }


def _of_classes(labels: np.ndarray, predicted: np.ndarray, of_each: np.ndarray) -> dict[str, Any]:
    """Return the gap of accuracies between groups, and each group's own."""
    from fairlearn.metrics import MetricFrame, count
    from sklearn.metrics import accuracy_score

    frame = MetricFrame(
        metrics={"accuracy": accuracy_score, "num": count},
        y_true=labels,
        y_pred=predicted,
        sensitive_features=of_each,
    )
    return {
        "accuracy_gap": float(frame.difference()["accuracy"]),
        "demographic_parity_difference": None,
        "equalised_odds_difference": None,
        "groups": {
            str(group): {
                "num_samples": int(row["num"]),
                "accuracy": float(row["accuracy"]),
                "selection_rate": None,
            }
            for group, row in frame.by_group.iterrows()
        },
    }


def _of_decisions(labels: np.ndarray, predicted: np.ndarray, of_each: np.ndarray) -> dict[str, Any]:
    """Return all gaps between groups, and each group's own figures.

    Demographic parity: the largest difference of selection rates. Equalised odds: the larger one of
    the largest differences of true and of false positive rates (Hardt, Price & Srebro 2016).
    """
    from fairlearn.metrics import (
        demographic_parity_difference,
        equalized_odds_difference,
        selection_rate,
    )

    figures = _of_classes(labels, predicted, of_each)
    each = {"y_true": labels, "y_pred": predicted, "sensitive_features": of_each}
    figures["demographic_parity_difference"] = float(demographic_parity_difference(**each))
    figures["equalised_odds_difference"] = float(equalized_odds_difference(**each))
    for group, row in figures["groups"].items():
        mine = of_each == group
        row["selection_rate"] = float(selection_rate(labels[mine], predicted[mine]))
    return figures


def _mean(trees: Sequence[Any]) -> Any:
    """Return the mean of figures that stand at the same places of dicts."""
    if trees[0] is None:
        return None
    if isinstance(trees[0], dict):
        return {key: _mean([tree[key] for tree in trees]) for key in trees[0]}
    if isinstance(trees[0], int):
        return trees[0]  # a number of samples, the same for all
    return sum(trees) / len(trees)
