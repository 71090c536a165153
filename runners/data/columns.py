"""Owns how columns of numbers and words become features: float32, by what the training rows say.

Numbers are standardised: less the training mean, over the training deviation (0 where it is 0). A
number that is missing counts as the mean and is marked in a feature of its own. Words are one-hot,
a feature for each word of the training rows; a missing word is one more, and a word that only
held-out rows have is none.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


def encode(frame: "pd.DataFrame", is_test: np.ndarray) -> np.ndarray:
    """Return features of shape (num_rows, num_features), column after column."""
    from pandas.api.types import is_numeric_dtype

    blocks = [
        _numbers(column, is_test) if is_numeric_dtype(column) else _one_hot(column, is_test)
        for _, column in frame.items()
    ]
    return np.concatenate(blocks, axis=1)


def row_bytes(frame: "pd.DataFrame") -> int:
    """Return the mean size of a row, rounded up: 8 bytes for a number, UTF-8 for a word."""
    from pandas.api.types import is_numeric_dtype

    size = 0.0
    for _, column in frame.items():
        if is_numeric_dtype(column):
            size += 8
        else:
            sizes = {word: len(str(word).encode()) for word in column.dropna().unique()}
            size += column.map(sizes).astype(float).sum() / len(frame)
    return int(np.ceil(size))


def _numbers(column: "pd.Series[Any]", is_test: np.ndarray) -> np.ndarray:
    numbers = column.to_numpy(dtype=np.float64, na_value=np.nan)
    is_missing = np.isnan(numbers)
    known = numbers[~is_test & ~is_missing]
    mean, deviation = (known.mean(), known.std()) if len(known) else (0.0, 0.0)
    scaled = (numbers - mean) / (deviation or np.inf)
    scaled[is_missing] = 0
    features = [scaled, is_missing] if is_missing.any() else [scaled]
    return np.stack(features, axis=1).astype(np.float32)


def _one_hot(column: "pd.Series[Any]", is_test: np.ndarray) -> np.ndarray:
    """Return features in alphabetical order of the words; a missing one is last."""
    words = column.astype(object).where(column.notna(), None)
    known = sorted({str(word) for word in words[~is_test] if word is not None})
    numbers: dict[str | None, int] = {word: number for number, word in enumerate(known)}
    if words[~is_test].isna().any():
        numbers[None] = len(numbers)
    chosen = np.array([numbers.get(None if word is None else str(word), -1) for word in words])
    features = np.zeros((len(words), len(numbers)), dtype=np.float32)
    rows = np.flatnonzero(chosen >= 0)
    features[rows, chosen[rows]] = 1
    return features
