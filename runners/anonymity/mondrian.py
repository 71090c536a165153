"""Owns Mondrian: rows are cut in two again and again, as long as both parts hold the rule (strict
multidimensional partitioning, LeFevre et al. 2006).

A part is cut along the column in which it is widest for the column's domain, at the allowed place
nearest to its median; if no place is allowed, along the next. Numbers are in their order. Words
have none: the most frequent ones of the part come first, so that a common word stays by itself.
LeFevre's cut at the median or nowhere; looking beside it leaves no class that could be cut in that
order of values.
"""

from collections.abc import Sequence

import numpy as np

from runners.anonymity.quasi import Quasi
from runners.anonymity.rule import Rule


def partition(columns: Sequence[Quasi], labels: np.ndarray, rule: Rule) -> np.ndarray:
    """Return each row's class, int64 of shape (num_rows,) from 0 on; `labels` are numbers from 0.

    Raises ValueError where the rows do not hold the rule even as one class.
    """
    rows = np.arange(len(labels))
    num_labels = int(labels.max(initial=0)) + 1
    check_whole(np.bincount(labels, minlength=num_labels), rule)
    classes = np.empty(len(labels), dtype=np.int64)
    num_classes, parts = 0, [rows]
    while parts:
        part = parts.pop()
        is_left = _cut(part, columns, labels, num_labels, rule)
        if is_left is None:
            classes[part] = num_classes
            num_classes += 1
        else:
            parts += [part[~is_left], part[is_left]]
    return classes


def check_whole(counts: np.ndarray, rule: Rule) -> None:
    """Raise ValueError where rows can't be even one class; `counts` are how many there are of each
    label, (num_labels,).
    """
    size, diversity = int(counts.sum()), rule.diversity_of(counts[None]).item()
    if size < rule.k:
        raise ValueError(
            f"anonymisation.k must be at most the {size} rows of each provider, got {rule.k}; "
            f"try anonymisation.k={max(1, size)}, or fewer partners"
        )
    if not rule.holds(counts[None]).all():
        raise ValueError(
            f"anonymisation.l_diversity must be at most the diversity of each provider's labels, "
            f"which is {diversity:.3g} for one, got {rule.least_diversity}; try a partition with "
            "less skew, such as partition=iid, or anonymisation.l_diversity=1"
        )


def _cut(
    part: np.ndarray,
    columns: Sequence[Quasi],
    labels: np.ndarray,
    num_labels: int,
    rule: Rule,
) -> np.ndarray | None:
    """Return which rows of the part go left; None where it can't be cut."""
    if len(part) < 2 * rule.k:
        return None
    codes = [column.codes[part] for column in columns]
    widths = np.array([_width(column, mine) for column, mine in zip(columns, codes, strict=True)])
    for number in np.argsort(-widths, kind="stable"):
        if widths[number] == 0:
            return None
        values, inverse = np.unique(codes[number], return_inverse=True)
        counts = np.bincount(
            inverse * num_labels + labels[part], minlength=len(values) * num_labels
        ).reshape(len(values), num_labels)
        order = _order(columns[number], counts)
        place = _place(counts[order], rule)
        if place is not None:
            goes_left = np.zeros(len(values), dtype=bool)
            goes_left[order[: place + 1]] = True
            return goes_left[inverse]
    return None


def _width(column: Quasi, codes: np.ndarray) -> float:
    """Return how wide a part is in a column, 0 to 1."""
    if not column.width:
        return 0.0
    if column.is_number:
        return column.lengths(codes.min(), codes.max()).item() / column.width
    return (np.count_nonzero(np.bincount(codes)) - 1) / column.width


def _order(column: Quasi, counts: np.ndarray) -> np.ndarray:
    if column.is_number:
        return np.arange(len(counts))
    return np.argsort(-counts.sum(axis=1), kind="stable")


def _place(counts: np.ndarray, rule: Rule) -> int | None:
    """Return the last value that goes left, such that both sides hold the rule and are of sizes as
    near as can be; None where there is none.
    """
    left = counts.cumsum(axis=0)[:-1]
    right = counts.sum(axis=0) - left
    allowed = np.flatnonzero(rule.holds(left) & rule.holds(right))
    if not len(allowed):
        return None
    unevenness = np.abs(left.sum(axis=1) - right.sum(axis=1))[allowed]
    return int(allowed[unevenness.argmin()])
