"""Owns quasi-identifiers: columns that say little of a person one by one, and together single out
many. Numbers and words alike become codes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Quasi:
    """Hold a column as codes into its `domain`, int64 of shape (num_rows,).

    The domain of numbers is ascending, and a generalised number is an interval. That of words is in
    alphabetical order, a missing one last as "", and a generalised word is a set.
    """

    name: str
    codes: np.ndarray
    domain: np.ndarray
    is_number: bool

    @property
    def width(self) -> float:
        """The length of the whole domain: of numbers their range, of words one less than they
        are.
        """
        return self.lengths(np.array([0]), np.array([len(self.domain) - 1])).item()

    def lengths(self, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """Return the length from code to code, for numbers in their unit."""
        return (self.domain[high] - self.domain[low] if self.is_number else high - low).astype(
            float
        )

    def take(self, rows: np.ndarray) -> "Quasi":
        """Return the column of these rows, on the same domain."""
        return Quasi(
            name=self.name,
            codes=self.codes[rows],
            domain=self.domain,
            is_number=self.is_number,
        )


def quasi_identifiers(frame: "pd.DataFrame", names: Sequence[str]) -> list[Quasi]:
    """Return the columns of these names; raises ValueError where a table lacks one, or where a cell
    of numbers is missing, which no interval covers.
    """
    return [_quasi(frame[name]) for name in names]


def check_columns(frame: "pd.DataFrame", setting: str, names: Sequence[str]) -> None:
    """Raise ValueError where a setting names a column that the table does not have as a feature."""
    unknown = [name for name in names if name not in frame.columns]
    if unknown:
        raise ValueError(
            f"{setting} must be columns that are features, which are "
            f"{', '.join(map(str, frame.columns))}, got {', '.join(unknown)}; check the spelling"
        )


def _quasi(column: "pd.Series[Any]") -> Quasi:
    from pandas import factorize
    from pandas.api.types import is_numeric_dtype

    if is_numeric_dtype(column):
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
        if np.isnan(values).any():
            raise ValueError(
                f"anonymisation.quasi_identifiers must be words, or numbers of which none is "
                f"missing, got {column.name}; fill its empty cells, or name it in "
                "anonymisation.direct_identifiers, which are dropped"
            )
        domain, codes = np.unique(values, return_inverse=True)
        return Quasi(name=str(column.name), codes=codes, domain=domain, is_number=True)
    missing = column.isna().to_numpy()
    words = column.astype(object).where(~missing, "").astype(str).to_numpy(dtype=object)
    known = sorted(set(words[~missing]))
    numbers = {word: number for number, word in enumerate(known)}
    places, distinct = factorize(words)
    codes = np.array([numbers.get(word, len(known)) for word in distinct], dtype=np.int64)[places]
    codes[missing] = len(known)
    domain = np.array([*known, ""][: len(known) + bool(missing.any())], dtype=object)
    return Quasi(name=str(column.name), codes=codes, domain=domain, is_number=False)
