"""What is published covers its own rows, and weighs what it is written with."""

import numpy as np

from runners.anonymity.covers import covers
from tests.runners.anonymity.tables import columns_of

AGE, TOWN = covers(
    columns_of(age=[20, 26, 30, 26], town=["Rome", "Bonn", None, "Rome"]), np.array([0, 0, 1, 0])
)


def test_intervals_and_sets_are_those_of_their_rows() -> None:
    assert AGE.covers(0, np.array([0, 1, 2])).tolist() == [True, True, False]  # 20-26
    assert AGE.covers(1, np.array([0, 1, 2])).tolist() == [False, False, True]  # 30
    assert TOWN.covers(0, np.array([0, 1, 2])).tolist() == [True, True, False]  # Bonn, Rome
    assert TOWN.covers(1, np.array([0, 1, 2])).tolist() == [False, False, True]  # missing


def test_a_value_loses_its_part_of_the_domain() -> None:
    assert AGE.losses().tolist() == [0.6, 0]  # 6 of 10 years
    assert TOWN.losses().tolist() == [0.5, 0]  # 2 of 3 words: (2 − 1) / (3 − 1)


def test_a_value_weighs_its_words() -> None:
    assert AGE.num_bytes().tolist() == [16, 8]  # two numbers, one number
    assert TOWN.num_bytes().tolist() == [9, 0]  # "Bonn,Rome", ""


def test_a_column_with_one_value_loses_nothing() -> None:
    same = covers(columns_of(age=[5, 5], town=["a", "a"]), np.array([0, 0]))
    assert [cover.losses().tolist() for cover in same] == [[0], [0]]
