"""An interval becomes its midpoint, a set of words equal shares."""

import numpy as np
import pandas as pd
import pytest

from runners.anonymity.generalise import generalised
from runners.data.columns import encode

CLASSES = np.array([1, 0, 1, 0, 1])


def test_numbers_become_the_midpoint_of_their_class() -> None:
    # class 1: 20, 26, 22, so 23 and not the mean 22.67; class 0: 30, 40, so 35
    ages = np.array([[20.0], [30.0], [26.0], [40.0], [22.0]], dtype=np.float32)
    expected = [[23.0], [35.0], [23.0], [35.0], [23.0]]
    assert generalised(ages, CLASSES, is_number=True).tolist() == expected


def test_the_midpoint_of_features_is_the_feature_of_the_midpoint() -> None:
    ages, none_held_out = [20, 30, 26, 40, 22], np.zeros(5, dtype=bool)
    raw = encode(pd.DataFrame({"age": ages}), none_held_out)
    mean, deviation = np.mean(ages), np.std(ages)
    expected = (np.array([23, 35, 23, 35, 23]) - mean) / deviation
    assert generalised(raw, CLASSES, is_number=True)[:, 0] == pytest.approx(expected, abs=1e-6)


def test_words_become_equal_shares_of_their_set() -> None:
    # class 1: a, c, a, so half a and half c, and not two thirds a; class 0: b alone
    towns = np.eye(3, dtype=np.float32)[[0, 1, 2, 1, 0]]
    half, whole = [0.5, 0, 0.5], [0, 1, 0]
    assert generalised(towns, CLASSES, is_number=False).tolist() == [half, whole, half, whole, half]
