"""Small tables for tests, and what must hold of any classes, counted by brute force."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import pandas as pd

from runners.anonymity.quasi import Quasi, quasi_identifiers

ADULT_QUASI = (
    *("age", "workclass", "education", "education_num", "marital_status"),
    *("occupation", "relationship", "race", "sex", "native_country"),
)


def columns_of(**columns: Sequence[float | str | None]) -> list[Quasi]:
    """Return quasi-identifiers."""
    return quasi_identifiers(pd.DataFrame(columns), list(columns))


def members(classes: np.ndarray) -> set[frozenset[int]]:
    """Return the rows of each class."""
    rows = defaultdict(set)
    for row, number in enumerate(classes.tolist()):
        rows[number].add(row)
    return {frozenset(some) for some in rows.values()}


def published(columns: Sequence[Quasi], classes: np.ndarray) -> list[tuple[object, ...]]:
    """Return each row as it is published, by Python sets: (low, high) or a set of words."""
    rows: list[tuple[object, ...]] = [()] * len(classes)
    for one in members(classes):
        values = [[column.domain[column.codes[row]] for row in one] for column in columns]
        shown = tuple(
            (min(mine), max(mine)) if column.is_number else frozenset(mine)
            for column, mine in zip(columns, values, strict=True)
        )
        for row in one:
            rows[row] = shown
    return rows
