"""Columns become the features that were worked out by hand."""

import numpy as np
import pandas as pd
import pytest

from runners.data.columns import encode, row_bytes

IS_TEST = np.array([False, False, False, True])


def test_numbers_are_standardised_by_training_rows() -> None:
    # mean of 1, 2, 3 is 2, deviation √(2/3) = 0.8165: (10 − 2) / 0.8165 = 9.798
    features = encode(pd.DataFrame({"n": [1, 2, 3, 10]}), IS_TEST)
    assert features.dtype == np.float32
    assert features[:, 0] == pytest.approx([-1.2247, 0, 1.2247, 9.798], abs=1e-3)


def test_a_missing_number_is_the_mean_and_is_marked() -> None:
    # mean of 1 and 3 is 2, deviation 1
    features = encode(pd.DataFrame({"n": [1, None, 3, 4]}), IS_TEST)
    assert features.tolist() == [[-1, 0], [0, 1], [1, 0], [2, 0]]


def test_a_constant_is_zero() -> None:
    features = encode(pd.DataFrame({"n": [5.0, 5.0, 5.0, 7.0], "b": [True] * 4}), IS_TEST)
    assert not features.any()


def test_words_are_one_hot_and_a_missing_one_is_last() -> None:
    features = encode(pd.DataFrame({"w": ["b", "a", None, "b"]}), IS_TEST)
    assert features.tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 1], [0, 1, 0]]


def test_a_word_of_held_out_rows_alone_is_no_feature() -> None:
    features = encode(pd.DataFrame({"w": ["b", "a", "a", "c"]}), IS_TEST)
    assert features.tolist() == [[0, 1], [1, 0], [1, 0], [0, 0]]


def test_scikit_learn_makes_the_same_features() -> None:
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"n": rng.normal(size=50), "w": rng.choice(list("abcd"), 50)})
    is_test = np.arange(50) % 5 == 0
    numbers = StandardScaler().fit(frame[["n"]][~is_test]).transform(frame[["n"]])
    words = OneHotEncoder(sparse_output=False).fit(frame[["w"]][~is_test]).transform(frame[["w"]])
    assert np.allclose(encode(frame, is_test), np.hstack([numbers, words]), atol=1e-6)


def test_a_rows_bytes() -> None:
    # 8 for a number; 1 and 2 ("é" is two in UTF-8) and nothing: 3 / 3 = 1 for a word
    assert row_bytes(pd.DataFrame({"n": [1, 2, 3], "w": ["a", "é", None]})) == 9
