"""Columns become codes into their domain."""

import numpy as np
import pandas as pd
import pytest

from runners.anonymity.quasi import check_columns, quasi_identifiers
from tests.runners.anonymity.tables import columns_of


def test_words_are_in_order_and_missing_ones_last() -> None:
    (column,) = columns_of(job=["nurse", None, "clerk", "nurse"])
    assert column.domain.tolist() == ["clerk", "nurse", ""]
    assert column.codes.tolist() == [1, 2, 0, 1]
    assert not column.is_number and column.width == 2


def test_numbers_keep_their_distances() -> None:
    (column,) = columns_of(age=[40, 20, 25, 40])
    assert column.domain.tolist() == [20, 25, 40]
    assert column.codes.tolist() == [2, 0, 1, 2]
    assert column.width == 20
    assert column.lengths(np.array([0, 1]), np.array([1, 1])).tolist() == [5, 0]


def test_some_rows_have_the_same_domain() -> None:
    (column,) = columns_of(job=["nurse", "clerk", "baker"])
    assert column.take(np.array([1])).codes.tolist() == [1]
    assert column.take(np.array([1])).width == 2


def test_a_missing_number_is_refused() -> None:
    with pytest.raises(ValueError, match=r"anonymisation\.quasi_identifiers .* got age; fill"):
        quasi_identifiers(pd.DataFrame({"age": [1.0, None]}), ["age"])


def test_an_unknown_column_is_named() -> None:
    frame = pd.DataFrame({"age": [1], "job": ["nurse"]})
    check_columns(frame, "it", ["job", "age"])
    with pytest.raises(ValueError, match=r"it must be .* age, job, got agee; check"):
        check_columns(frame, "it", ["job", "agee"])
