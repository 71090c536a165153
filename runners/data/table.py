"""Data `table`: rows of your own CSV or Parquet files: features, a label, and who they belong to.

Numbers and words become features by what the training rows say (`columns.encode`). A column of
words in which most are numbers is a mistake, of which the message names the cell.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from runners.anonymity.raw import Rows
from runners.data import Samples
from runners.data.columns import encode
from runners.data.holdout import divided_samples
from runners.data.tables import file_of, require_columns
from runners.data.targets import finite_numbers, refuse_words
from runners.data.user_table import (
    load_table,
    table_classes,
    table_groups,
    table_index,
    table_row_bytes,
)
from runners.partition import Index

if TYPE_CHECKING:
    import pandas as pd

MOST_WORDS = 1000
"""Different words of a column; more are names or numbers of rows, and no category."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """Provide float32 features of the columns `features`, None for all but label, key and
    `sensitive_columns`.

    `label` is a class or, with target=values, a number; `key` is None where there is none. Without
    a `test_file` a fifth of the rows is held out.
    """

    files: tuple[str, ...]
    test_file: str | None
    label: str
    target: str
    key: str | None
    sensitive_columns: tuple[str, ...]
    features: tuple[str, ...] | None

    vocabulary = None

    def __post_init__(self) -> None:
        _features(self)

    @property
    def inputs(self) -> tuple[int]:
        """The features that the columns become."""
        return (_features(self).shape[1],)

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
        """The mean of a row, features and label."""
        return table_row_bytes(self, _columns(self))

    def index(self) -> Index:
        """Return labels and keys."""
        return table_index(self)

    def groups(self) -> dict[str, np.ndarray]:
        """Return the sensitive groups of each row, in the order of `index`."""
        return table_groups(self)

    def samples(self) -> Samples:
        """Return features and targets."""
        _, targets, is_test = load_table(self)
        return divided_samples(_features(self), targets, is_test)

    def rows(self) -> Rows:
        """Return the columns `features`, for anonymisation."""
        frame, targets, is_test = load_table(self)
        return Rows(frame=frame[list(_columns(self))], targets=targets, is_test=is_test)


@cache
def _features(table: Table) -> np.ndarray:
    frame, _, is_test = load_table(table)
    columns = _columns(table)
    require_columns(frame, "features", columns)
    if table.label in columns or not columns:
        raise ValueError(
            f"features must be columns other than the label {table.label!r}, got "
            f"{', '.join(columns) or 'none'}; leave it out, or add a column"
        )
    _check(frame[column] for column in columns)
    return encode(frame[list(columns)], is_test)


def _columns(table: Table) -> tuple[str, ...]:
    if table.features is not None:
        return table.features
    frame = load_table(table)[0]
    others = (table.label, table.key, *table.sensitive_columns)
    return tuple(column for column in frame.columns if column not in others)


def _check(columns: "Iterable[pd.Series[Any]]") -> None:
    """Raise ValueError for a column that is neither numbers nor words of a few kinds."""
    import pandas as pd
    from pandas.api.types import is_numeric_dtype

    for column in columns:
        if is_numeric_dtype(column):
            finite_numbers("features", column)
            continue
        known = column.dropna()
        if pd.to_numeric(known.astype(str), errors="coerce").notna().sum() > len(known) / 2:
            refuse_words("features", column)
        if known.nunique() > MOST_WORDS:
            raise ValueError(
                f"features must have at most {MOST_WORDS} different words each, got "
                f"{known.nunique()} in column {column.name} of {file_of(column)}; name the "
                "columns to use without it, or take data=text_table for texts"
            )
