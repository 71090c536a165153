"""Data `adult`: 48,842 people of a US census of 1994, and whether their income is above 50,000 USD
(1) or not (0).

Thirteen attributes (five numbers, eight words) become 107 features (`columns.encode`); `fnlwgt`,
the weight of a row in the census, is no attribute of a person and is left out. A missing word is a
category of its own. Every fifth row of a fixed shuffle is the held-out test set; rows equal in all
columns are on one side.
"""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from runners.anonymity.raw import Rows
from runners.data import Samples
from runners.data.columns import encode
from runners.data.holdout import divided_index, divided_samples, held_out_fifth
from runners.data.shipped import SHIPPED
from runners.partition import Index
from sim.bounds import one_of

if TYPE_CHECKING:
    import pandas as pd

KEYS = ("occupation", "workclass", "native_country")
SENSITIVE = ("sex", "race")
NUM_FEATURES = 107
ROW_BYTES = 128
"""Mean size of a row as shipped (`columns.row_bytes`)."""


@dataclass(frozen=True, kw_only=True)
class Adult:
    """Provide float32 features; `key` is the attribute by which people belong together."""

    key: str

    inputs = (NUM_FEATURES,)
    vocabulary = None
    target = "class"
    num_classes = 2
    num_values = 0
    sample_bytes = ROW_BYTES

    def __post_init__(self) -> None:
        one_of("key", self.key, KEYS)

    def index(self) -> Index:
        """Return the labels and the key; a person of whom it is missing has none."""
        people, is_test = load_people()
        keys = people[self.key].astype(object).fillna("").to_numpy()
        return divided_index(_labels(), keys, is_test)

    def samples(self) -> Samples:
        """Return features and labels."""
        return divided_samples(_features(), _labels(), load_people()[1])

    def groups(self) -> dict[str, np.ndarray]:
        """Return sex and race of each person, in the order of `index`; both are features too."""
        people, is_test = load_people()
        whose = {name: people[name].astype(str).to_numpy(dtype=object) for name in SENSITIVE}
        return {
            name: np.concatenate([words[~is_test], words[is_test]]) for name, words in whose.items()
        }

    def rows(self) -> Rows:
        """Return the attributes, for anonymisation."""
        _, is_test = load_people()
        return Rows(frame=_attributes(), targets=_labels(), is_test=is_test)


@cache
def load_people() -> tuple["pd.DataFrame", np.ndarray]:
    """Return all columns as shipped, and which rows are the test set."""
    import pandas as pd

    people = pd.read_parquet(SHIPPED / "adult.parquet")
    equal = people.groupby(list(people.columns), observed=True, dropna=False, sort=False).ngroup()
    is_test = held_out_fifth("adult", int(equal.max()) + 1)
    return people, is_test[equal.to_numpy()]


def _labels() -> np.ndarray:
    return (load_people()[0]["income"] == ">50K").to_numpy(dtype=np.int64)


@cache
def _features() -> np.ndarray:
    return encode(_attributes(), load_people()[1])


def _attributes() -> "pd.DataFrame":
    return load_people()[0].drop(columns=["fnlwgt", "income"])
