"""Data `text_table`: texts in a column of your own CSV or Parquet files, and a label for each.

Texts become word numbers as those of `spam` do: the words that the training texts use most.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial

import numpy as np

from runners.anonymity.raw import Texts
from runners.data import Samples
from runners.data.holdout import divided_samples
from runners.data.tables import require_columns
from runners.data.user_table import (
    load_table,
    table_classes,
    table_groups,
    table_index,
    table_row_bytes,
)
from runners.data.words import number_words
from runners.partition import Index
from sim.bounds import at_least


@dataclass(frozen=True, kw_only=True)
class TextTable:
    """Provide the numbers of the first `length` words of the column `text`, below `vocabulary`.

    `label` is a class or, with target=values, a number; `key` is None where there is none. Without
    a `test_file` a fifth of the rows is held out.
    """

    files: tuple[str, ...]
    test_file: str | None
    text: str
    label: str
    target: str
    key: str | None
    sensitive_columns: tuple[str, ...]
    vocabulary: int
    length: int

    def __post_init__(self) -> None:
        at_least("vocabulary", self.vocabulary, 3, remedy="try task.data.vocabulary=1000")
        at_least("length", self.length, 1, remedy="try task.data.length=100")
        if self.text == self.label:
            raise ValueError(
                f"text must be a column other than the label, got {self.text!r} for both; "
                "name the column that is to be learned in task.data.label"
            )
        require_columns(load_table(self)[0], "text", [self.text])

    @property
    def inputs(self) -> tuple[int]:
        """The words of a text."""
        return (self.length,)

    @property
    def num_classes(self) -> int:
        """The classes of the label, 1 where it is values."""
        return table_classes(self)

    @property
    def num_values(self) -> int:
        """One where the label is values."""
        return int(self.target == "values")

    @property
    def sample_bytes(self) -> int:
        """The mean of a row, text and label."""
        return table_row_bytes(self, (self.text,))

    def index(self) -> Index:
        """Return labels and keys."""
        return table_index(self)

    def groups(self) -> dict[str, np.ndarray]:
        """Return the sensitive groups of each row, in the order of `index`."""
        return table_groups(self)

    def samples(self) -> Samples:
        """Return word numbers and targets."""
        _, targets, is_test = load_table(self)
        return divided_samples(_word_numbers(self), targets, is_test)

    def texts(self) -> Texts:
        """Return the texts, for anonymisation."""
        _, targets, is_test = load_table(self)
        return Texts(
            texts=_texts(self), targets=targets, is_test=is_test, encode=partial(_encode, self)
        )


@cache
def _word_numbers(table: TextTable) -> np.ndarray:
    return _encode(table, _texts(table))


def _texts(table: TextTable) -> list[str]:
    texts = load_table(table)[0][table.text]
    return texts.astype(object).where(texts.notna(), "").astype(str).tolist()


def _encode(table: TextTable, texts: Sequence[str]) -> np.ndarray:
    is_test = load_table(table)[2]
    return number_words(texts, ~is_test, vocabulary=table.vocabulary, length=table.length)
