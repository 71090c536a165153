"""Owns sensitive columns of users' tables: whose figures are told apart at a run's end, such as by
sex, and which the model does not see unless `features` names them too.

An empty cell is a group of its own, `missing`.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from runners.data.tables import file_of, require_columns

if TYPE_CHECKING:
    import pandas as pd

SETTING = "sensitive_columns"
MOST_GROUPS = 20
"""Groups of a column; of more, each has few rows, and gaps between them say little."""
MISSING = "missing"


def check_sensitive(
    frame: "pd.DataFrame", columns: Sequence[str], *, label: str, target: str
) -> None:
    """Raise ValueError unless the columns tell groups of rows that a model of classes can treat
    differently.
    """
    require_columns(frame, SETTING, columns)
    if columns and target != "class":
        raise ValueError(
            f"{SETTING} must be empty with target={target}, as accuracies are of classes, got "
            f"{', '.join(columns)}; try task.data.{SETTING}=[]"
        )
    if label in columns or len(set(columns)) < len(columns):
        raise ValueError(
            f"{SETTING} must be columns other than the label {label!r}, each named once, got "
            f"{', '.join(columns)}; leave out what is too many"
        )
    for column in columns:
        _check_groups(frame[column])


def groups_of(
    frame: "pd.DataFrame", columns: Sequence[str], is_test: np.ndarray
) -> dict[str, np.ndarray]:
    """Return the group of each row by column, text; training rows first, as in an index."""
    words = {column: _words(frame[column]) for column in columns}
    return {
        column: np.concatenate([mine[~is_test], mine[is_test]]) for column, mine in words.items()
    }


def _check_groups(column: "pd.Series[str]") -> None:
    num_groups = len(np.unique(_words(column)))
    if not 2 <= num_groups <= MOST_GROUPS:
        raise ValueError(
            f"{SETTING} must have 2 to {MOST_GROUPS} different values each, got {num_groups} in "
            f"column {column.name} of {file_of(column)}; put values together in a column of the "
            "file, such as ages in tens of years"
        )


def _words(column: "pd.Series[str]") -> np.ndarray:
    words = column.astype(object).where(column.notna(), MISSING)
    return words.astype(str).to_numpy(dtype=object)
