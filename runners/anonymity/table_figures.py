"""Owns the figures of an anonymised table: the risk before and after, and what is lost."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from runners.anonymity.covers import Cover, covers, starts_of
from runners.anonymity.linkage import linkage_success
from runners.anonymity.loss import certainty_penalty, discernibility
from runners.anonymity.quasi import Quasi
from runners.anonymity.raw import Rows
from runners.anonymity.risk import equal_rows, num_covered, risks
from runners.anonymity.rule import Plan
from runners.anonymity.tables import Classes, labels_of

MOST_TARGETS = 1000
"""Persons that the linkage attack looks for: its standard error is at most 0.016."""


def risk_figures(columns: Sequence[Quasi], classes: Classes) -> dict[str, Any]:
    """Return the risks of published rows, had they been published as they are, and as they were."""
    released = [column.take(classes.rows) for column in columns]
    look_alikes = equal_rows([classes.providers, *_codes(released)])
    people = equal_rows(_codes(columns))
    matches = num_covered(covers(released, classes.numbers), columns)
    return {
        "prosecutor": {
            "before": risks(_sizes(look_alikes)),
            "after": risks(_sizes(classes.numbers)),
        },
        "journalist": {
            "before": risks(_sizes(people)[classes.rows]),
            "after": risks(matches[classes.numbers]),
        },
    }


def linkage_figures(
    features: tuple[np.ndarray, np.ndarray],
    columns: Sequence[Quasi],
    classes: Classes,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Return the success of the linkage attack on raw and on published rows, from the features of
    the quasi-identifiers before and after, (num_rows, num_features) of the whole table.
    """
    raw, anonymous = features
    targets = rng.permutation(len(classes.rows))[:MOST_TARGETS]
    known = raw[classes.rows[targets]]
    order, starts = starts_of(classes.numbers)
    look_alikes = equal_rows(_codes([column.take(classes.rows) for column in columns]))
    return {
        "num_targets": len(targets),
        # A raw row is at distance 0 from its person, and so are those that equal it.
        "before": float((1 / _sizes(look_alikes)[targets]).mean()),
        "after": linkage_success(
            known,
            classes.numbers[targets],
            anonymous[classes.rows[order[starts]]],
            np.bincount(classes.numbers),
        ),
    }


def loss_figures(
    raw: Rows, columns: Sequence[Quasi], classes: Classes, plan: Plan
) -> dict[str, Any]:
    """Return how many classes there are and what they lose."""
    published = covers([column.take(classes.rows) for column in columns], classes.numbers)
    sizes = np.bincount(classes.numbers)
    labels = labels_of(raw, plan.rule)[classes.rows]
    width = int(labels.max()) + 1
    counts = np.bincount(classes.numbers * width + labels, minlength=len(sizes) * width)
    return {
        "num_rows": len(classes.rows),
        "num_classes": len(sizes),
        "smallest_class": int(sizes.min()),
        "least_diversity": float(plan.rule.diversity_of(counts.reshape(-1, width)).min()),
        "certainty_penalty": certainty_penalty(published, sizes),
        "discernibility": discernibility(sizes),
        "size_ratio": _size_ratio(raw, published, classes, plan.dropped),
    }


def _size_ratio(
    raw: Rows, published: Sequence[Cover], classes: Classes, dropped: Sequence[str]
) -> float:
    """Return the bytes of published rows over those of the raw ones."""
    from runners.data.columns import row_bytes

    frame = raw.frame.iloc[classes.rows]
    generalised = [cover.column.name for cover in published]
    kept = frame.drop(columns=[*generalised, *dropped])
    sizes = np.bincount(classes.numbers)
    num_bytes = sum((cover.num_bytes() @ sizes).item() / sizes.sum() for cover in published)
    return (num_bytes + (row_bytes(kept) if len(kept.columns) else 0)) / row_bytes(frame)


def _codes(columns: Sequence[Quasi]) -> list[np.ndarray]:
    return [column.codes for column in columns]


def _sizes(groups: np.ndarray) -> np.ndarray:
    """Return the size of each row's group."""
    return np.bincount(groups)[groups]
