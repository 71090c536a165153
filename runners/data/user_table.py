"""Owns what the options that read users' tables share: rows, targets, keys, sensitive groups, and
the held-out rows.

Without a test file a fifth of a fixed shuffle is held out, of each class.
"""

from functools import cache
from typing import TYPE_CHECKING, Protocol

import numpy as np

from runners.data.columns import row_bytes
from runners.data.holdout import divided_index
from runners.data.sensitive import check_sensitive, groups_of
from runners.data.tables import read_tables, require_columns
from runners.data.targets import check_test_classes, classes, held_out_rows, values
from runners.partition import Index
from sim.bounds import one_of

if TYPE_CHECKING:
    import pandas as pd

USER_TARGETS = ("class", "values")


class Source(Protocol):
    """Name the files, and what their columns are."""

    @property
    def files(self) -> tuple[str, ...]:
        """CSV or Parquet files with the same columns."""
        ...

    @property
    def test_file(self) -> str | None:
        """The file that is held out; None holds out a fifth of the rows."""
        ...

    @property
    def label(self) -> str:
        """The column that is to be learned."""
        ...

    @property
    def target(self) -> str:
        """Whether the label is a class or values, which are standardised."""
        ...

    @property
    def key(self) -> str | None:
        """The column by which rows belong together; None where there is none."""
        ...

    @property
    def sensitive_columns(self) -> tuple[str, ...]:
        """The columns by whose values final figures are told apart."""
        ...

    def __hash__(self) -> int:
        """Equal sources are read once."""
        ...


@cache
def load_table(source: Source) -> tuple["pd.DataFrame", np.ndarray, np.ndarray]:
    """Return all rows, what is to be learned of them, and which are the test set."""
    one_of("target", source.target, USER_TARGETS)
    frame, is_test = read_tables(source.files, source.test_file)
    require_columns(frame, "label", [source.label])
    require_columns(frame, "key", [] if source.key is None else [source.key])
    check_sensitive(frame, source.sensitive_columns, label=source.label, target=source.target)
    column = frame[source.label]
    labels = classes(column) if source.target == "class" else None
    if source.test_file is None:
        is_test = held_out_rows(column, labels)
    elif labels is not None:
        check_test_classes(column, labels, is_test)
    return frame, values(column, is_test) if labels is None else labels, is_test


def table_index(source: Source) -> Index:
    """Return labels (0 for all where they are values) and keys; an empty cell is no key."""
    frame, targets, is_test = load_table(source)
    labels = targets if source.target == "class" else np.zeros(len(targets), dtype=np.int64)
    keys = None
    if source.key is not None:
        known = frame[source.key]
        keys = known.astype(object).where(known.notna(), "").astype(str).to_numpy(dtype=object)
    return divided_index(labels, keys, is_test)


def table_groups(source: Source) -> dict[str, np.ndarray]:
    """Return the sensitive groups of each row by column, in the order of the index."""
    frame, _, is_test = load_table(source)
    return groups_of(frame, source.sensitive_columns, is_test)


def table_classes(source: Source) -> int:
    """Return the number of classes, 1 for values."""
    return int(load_table(source)[1].max()) + 1 if source.target == "class" else 1


@cache
def table_row_bytes(source: Source, columns: tuple[str, ...]) -> int:
    """Return the mean size of a row of these columns and the label."""
    return row_bytes(load_table(source)[0][[*columns, source.label]])
