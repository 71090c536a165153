"""Owns the risk that a published row is traced back to its person (El Emam and Dankar 2008).

A prosecutor knows that the person is among those published: the risk of a row is 1 over the
published rows that look like it. A journalist does not, and has a register of a larger population:
the risk is 1 over the people of the register who could be the row. Here the register is all people
of the data set, held-out ones included.
"""

from collections.abc import Sequence

import numpy as np

from runners.anonymity.covers import Cover
from runners.anonymity.quasi import Quasi


def equal_rows(columns: Sequence[np.ndarray]) -> np.ndarray:
    """Return a number from 0 for each row, the same for rows that are equal in all columns."""
    return np.unique(np.stack(columns, axis=1), axis=0, return_inverse=True)[1].reshape(-1)


def risks(matches: np.ndarray) -> dict[str, float]:
    """Return the mean and greatest risk of rows, and the share of rows that one match singles out,
    from how many each of them matches.
    """
    return {
        "mean": float((1 / matches).mean()),
        "max": float((1 / matches).max()),
        "unique_fraction": float((matches == 1).mean()),
    }


def num_covered(published: Sequence[Cover], register: Sequence[Quasi]) -> np.ndarray:
    """Return how many people of a register could be a row of each class."""
    num_classes = len(published[0].low)
    return np.array([_num_covered(published, register, number) for number in range(num_classes)])


def _num_covered(published: Sequence[Cover], register: Sequence[Quasi], number: int) -> int:
    candidates = np.arange(len(register[0].codes))
    for cover, column in zip(published, register, strict=True):
        candidates = candidates[cover.covers(number, column.codes[candidates])]
    return len(candidates)
