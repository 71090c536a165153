"""Owns what is published of classes: of each column an interval of numbers or a set of words."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from runners.anonymity.quasi import Quasi


@dataclass(frozen=True, kw_only=True)
class Cover:
    """Hold one column's values of each class: the lowest and highest code, (num_classes,), and
    which words are in it, (num_classes, num_words), None for numbers.
    """

    column: Quasi
    low: np.ndarray
    high: np.ndarray
    words: np.ndarray | None

    def covers(self, number: int, codes: np.ndarray) -> np.ndarray:
        """Return which codes a class's value covers."""
        if self.words is not None:
            return self.words[number][codes]
        return (self.low[number] <= codes) & (codes <= self.high[number])

    def losses(self) -> np.ndarray:
        """Return what of the column's domain each class's value spans, 0 to 1."""
        if not self.column.width:
            return np.zeros(len(self.low))
        if self.words is not None:
            return (self.words.sum(axis=1) - 1) / self.column.width
        return self.column.lengths(self.low, self.high) / self.column.width

    def num_bytes(self) -> np.ndarray:
        """Return what each class's value takes: 8 bytes for a number, 16 for an interval, and the
        words of a set with a comma between.
        """
        if self.words is None:
            return np.where(self.low == self.high, 8, 16)
        sizes = np.array([len(str(word).encode()) for word in self.column.domain])
        return self.words @ sizes + self.words.sum(axis=1) - 1


def covers(columns: Sequence[Quasi], classes: np.ndarray) -> list[Cover]:
    """Return what is published of rows in classes, which are numbers from 0, of all columns."""
    return [_cover(column, classes) for column in columns]


def starts_of(classes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return rows in the order of their classes, and where each class begins among them."""
    sizes = np.bincount(classes)
    return np.argsort(classes, kind="stable"), np.cumsum(sizes) - sizes


def _cover(column: Quasi, classes: np.ndarray) -> Cover:
    order, starts = starts_of(classes)
    codes = column.codes[order]
    words = None
    if not column.is_number:
        words = np.zeros((len(starts), len(column.domain)), dtype=bool)
        words[classes, column.codes] = True
    return Cover(
        column=column,
        low=np.minimum.reduceat(codes, starts),
        high=np.maximum.reduceat(codes, starts),
        words=words,
    )
