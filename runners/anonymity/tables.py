"""Owns the anonymisation of a table: which rows are one class, and what inputs they become.

Rows of each provider are put into classes by themselves, as they pass the proxy one provider after
the other. Rows of everyone else stay as they are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from runners.anonymity.generalise import generalised
from runners.anonymity.mondrian import check_whole, partition
from runners.anonymity.quasi import Quasi
from runners.anonymity.raw import Rows
from runners.anonymity.rule import Rule


@dataclass(frozen=True, kw_only=True)
class Classes:
    """Hold the published rows: their numbers in the table, the numbers of their classes, from 0 and
    never shared by two providers, and who provided them; all int64 of shape (num_published,).
    """

    rows: np.ndarray
    numbers: np.ndarray
    providers: np.ndarray


def rows_of(raw: Rows, providers: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return the numbers in the table of providers' rows, from those in the training set."""
    training = np.flatnonzero(~raw.is_test)
    return [training[numbers] for numbers in providers]


def check_providers(raw: Rows, providers: Sequence[np.ndarray], rule: Rule) -> None:
    """Raise ValueError where a provider's rows do not hold the rule even as one class."""
    labels = labels_of(raw, rule)
    for rows in rows_of(raw, providers):
        check_whole(np.bincount(labels[rows]), rule)


def classify(
    raw: Rows, columns: Sequence[Quasi], providers: Sequence[np.ndarray], rule: Rule
) -> Classes:
    """Return the classes of providers' rows, of each the numbers in the table."""
    labels = labels_of(raw, rule)
    found: list[np.ndarray] = []
    num_classes = 0
    for rows in providers:
        mine = partition([column.take(rows) for column in columns], labels[rows], rule)
        found.append(mine + num_classes)
        num_classes += int(mine.max()) + 1
    return Classes(
        rows=np.concatenate(providers),
        numbers=np.concatenate(found),
        providers=np.repeat(np.arange(len(providers)), [len(rows) for rows in providers]),
    )


def labels_of(raw: Rows, rule: Rule) -> np.ndarray:
    """Return what classes must be diverse in, int64 of shape (num_rows,): the targets, where they
    matter.
    """
    if rule.least_diversity <= 1:
        return np.zeros(len(raw.targets), dtype=np.int64)
    if not np.issubdtype(raw.targets.dtype, np.integer):
        raise ValueError(
            "anonymisation.l_diversity must be 1 where the label is values, which are not "
            f"counted, got {rule.least_diversity}; try anonymisation.l_diversity=1"
        )
    return raw.targets


def feature_blocks(raw: Rows) -> dict[str, np.ndarray]:
    """Return each column's raw features, float32 of shape (num_rows, num_features); side by side
    they are the inputs.
    """
    from runners.data.columns import encode

    return {name: encode(raw.frame[[name]], raw.is_test) for name in raw.frame.columns}


def anonymous_blocks(
    before: Mapping[str, np.ndarray],
    columns: Sequence[Quasi],
    classes: Classes,
    dropped: Sequence[str],
) -> dict[str, np.ndarray]:
    """Return each column's features: generalised where they are published; 0 in all rows for a
    column that is dropped.
    """
    after = dict(before)
    for name in dropped:
        after[name] = np.zeros_like(before[name])
    for column in columns:
        block = before[column.name].copy()
        block[classes.rows] = generalised(
            block[classes.rows], classes.numbers, is_number=column.is_number
        )
        after[column.name] = block
    return after
