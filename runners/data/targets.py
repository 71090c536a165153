"""Owns what a column of a user's table says is to be learned, and which rows are held out."""

from typing import TYPE_CHECKING, Any

import numpy as np

from runners.data.holdout import held_out_fifth, stratified_fifth
from runners.data.tables import cell

if TYPE_CHECKING:
    import pandas as pd

FEWEST = 5
"""Rows of a class that a held-out fifth needs to have one of them."""


def classes(column: "pd.Series[Any]") -> np.ndarray:
    """Return class numbers, int64 of shape (num_rows,), in the order of the values; texts in
    alphabetical order.
    """
    _refuse_missing(column)
    values = column.to_numpy()
    if values.dtype.kind not in "iufb":
        values = values.astype(str)
    names, numbers = np.unique(values, return_inverse=True)
    if len(names) < 2:
        raise ValueError(
            f"label must have two classes at least, got {str(names[0])!r} in all rows of column "
            f"{column.name}; take another column"
        )
    return numbers.astype(np.int64)


def values(column: "pd.Series[Any]", is_test: np.ndarray) -> np.ndarray:
    """Return values less their training mean, over their training deviation, float32 of shape
    (num_rows, 1).
    """
    _refuse_missing(column)
    numbers = finite_numbers("label", column)
    training = numbers[~is_test]
    if not training.std():
        raise ValueError(
            f"label must have different values, got {training[0]} in all training rows of column "
            f"{column.name}; take another column"
        )
    return ((numbers - training.mean()) / training.std()).astype(np.float32)[:, np.newaxis]


def finite_numbers(setting: str, column: "pd.Series[Any]") -> np.ndarray:
    """Return a column as float64, NaN where it is missing."""
    from pandas.api.types import is_numeric_dtype

    if not is_numeric_dtype(column):
        refuse_words(setting, column)
    numbers = column.to_numpy(dtype=np.float64, na_value=np.nan)
    for position in np.flatnonzero(np.isinf(numbers))[:1]:
        raise ValueError(
            f"{setting}: {cell(column, position)} must be finite, got {numbers[position]}; "
            "correct the cell"
        )
    return numbers


def refuse_words(setting: str, column: "pd.Series[Any]") -> None:
    """Raise ValueError for the first cell of a column that is neither a number nor missing."""
    import pandas as pd

    is_number = pd.to_numeric(column, errors="coerce").notna() | column.isna()
    for position in np.flatnonzero(~is_number)[:1]:
        raise ValueError(
            f"{setting}: {cell(column, position)} must be a number, got "
            f"{column.iloc[position]!r}; correct the cell, or empty it where it is missing"
        )


def held_out_rows(column: "pd.Series[Any]", labels: np.ndarray | None) -> np.ndarray:
    """Return which rows are held out: a fifth, of each class where there are `labels`."""
    counts = np.array([len(column)]) if labels is None else np.bincount(labels)
    if counts.min() < FEWEST:
        what = "" if labels is None else f" of {_example(column, labels, int(counts.argmin()))!r}"
        raise ValueError(
            f"label must have {FEWEST} rows of each class at least, so that a held-out fifth has "
            f"one, got {counts.min()}{what} in column {column.name}; drop them, name a test_file, "
            "or take target=values for numbers"
        )
    return (
        held_out_fifth("table", len(column))
        if labels is None
        else stratified_fifth("table", labels)
    )


def _example(column: "pd.Series[Any]", labels: np.ndarray, label: int) -> str:
    return str(column.iloc[int(np.flatnonzero(labels == label)[0])])


def check_test_classes(column: "pd.Series[Any]", labels: np.ndarray, is_test: np.ndarray) -> None:
    """Raise ValueError for a class that only a test file has."""
    unknown = is_test & ~np.isin(labels, labels[~is_test])
    for position in np.flatnonzero(unknown)[:1]:
        raise ValueError(
            f"test_file: {cell(column, position)} must be a class of the training files, got "
            f"{column.iloc[position]!r}; add such rows there, or drop it here"
        )


def _refuse_missing(column: "pd.Series[Any]") -> None:
    for position in np.flatnonzero(column.isna())[:1]:
        raise ValueError(
            f"label: {cell(column, position)} must be given, got nothing; fill the cell or drop "
            "the row"
        )
