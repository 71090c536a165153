"""Anonymisation: what a data proxy does to the data that it passes on. Each option is a frozen
dataclass.

Only providers' data pass the proxy. The trainer's own stay as they are, and so does the held-out
test set, since a model is used on real data; but a column that is dropped is 0 in all of them, so
that the model can read them. What a table's inputs are scaled by and which words its columns may
have is agreed beforehand, as in every mode; the vocabulary of texts is learned from the training
texts as they are passed on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from runners.data import Data, Samples
from runners.privacy import Guarantee


@dataclass(frozen=True, kw_only=True)
class Release:
    """Hold the samples that the trainer learns from, in the order of the data's `index`; and
    figures for the record, numbers under names, nested; None where nothing was changed.
    """

    samples: Samples
    figures: Mapping[str, Any] | None


class Anonymisation(Protocol):
    """Change providers' data."""

    @property
    def transform_bytes_per_s(self) -> float | None:
        """What a worker of the proxy goes through; None where nothing is transformed, and the
        mode's own setting holds.
        """
        ...

    @property
    def size_ratio(self) -> float | None:
        """The bytes passed on for each byte that came in; likewise."""
        ...

    def check(self, data: object, providers: Sequence[np.ndarray]) -> None:
        """Raise ValueError where data of these providers, as in `release`, can't be anonymised so;
        messages have the whole setting.
        """
        ...

    def release(self, data: Data, providers: Sequence[np.ndarray], seed: int) -> Release:
        """Return data of which the training samples of `providers` are anonymised: of each, their
        numbers in the data's training set, int64. The same on every rank.
        """
        ...

    def guarantee(self) -> Guarantee | None:
        """Return what holds; None where nothing does."""
        ...
