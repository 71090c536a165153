"""A table and texts small enough to anonymise by hand."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from runners.anonymity.raw import Rows, Texts
from runners.data import Samples
from runners.data.columns import encode
from runners.data.holdout import divided_samples

FRAME = pd.DataFrame(
    {
        "age": [20, 30, 24, 99, 36, 50, 26, 40],
        "town": ["Rome", "Oslo", "Rome", "Bonn", "Bonn", "Oslo", "Oslo", "Rome"],
        "phone": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0],
        "hours": [40, 20, 38, 10, 35, 12, 11, 8],
    }
)
INCOMES = np.array([0, 1, 1, 0, 0, 1, 0, 1])
IS_TEST = np.arange(8) == 3
"""Training samples 0 to 6 are rows 0, 1, 2, 4, 5, 6 and 7."""

LETTERS = ("From a@b.example", "Kate wrote: yes", "see Kate", "held out a@b.example", "a@b.example")


@dataclass(frozen=True, kw_only=True)
class People:
    """Provide eight people."""

    def rows(self) -> Rows:
        return Rows(frame=FRAME, targets=INCOMES, is_test=IS_TEST)

    def samples(self) -> Samples:
        return divided_samples(encode(FRAME, IS_TEST), INCOMES, IS_TEST)


@dataclass(frozen=True, kw_only=True)
class Letters:
    """Provide five letters; an input is a text's length."""

    def texts(self) -> Texts:
        return Texts(
            texts=LETTERS,
            targets=np.arange(5),
            is_test=np.arange(5) == 3,
            encode=lambda texts: np.array([[len(text)] for text in texts]),
        )
