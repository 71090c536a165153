"""Owns what data options hand out for anonymisation: their rows or texts, before these become model
inputs.

A data option that can be anonymised has a method `rows` that returns `Rows`, or `texts` that
returns `Texts`; all rows are those of its `samples`, training and held-out ones mixed as they come.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Hold a table: the feature columns that `runners.data.columns.encode` makes inputs of, and the
    rows' targets.
    """

    frame: "pd.DataFrame"
    targets: np.ndarray
    is_test: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Texts:
    """Hold texts, their targets, and the way from all texts to inputs of shape (num_texts, length),
    which learns its words from the training ones.
    """

    texts: Sequence[str]
    targets: np.ndarray
    is_test: np.ndarray
    encode: Callable[[Sequence[str]], np.ndarray]


@runtime_checkable
class HasRows(Protocol):
    """Hand out rows."""

    def rows(self) -> Rows:
        """Return all rows."""
        ...


@runtime_checkable
class HasTexts(Protocol):
    """Hand out texts."""

    def texts(self) -> Texts:
        """Return all texts."""
        ...
