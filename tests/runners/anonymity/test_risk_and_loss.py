"""Risks, losses and the linkage attack, worked by hand."""

import numpy as np
import pytest

from runners.anonymity.covers import covers
from runners.anonymity.linkage import linkage_success
from runners.anonymity.loss import certainty_penalty, discernibility
from runners.anonymity.risk import equal_rows, num_covered, risks
from tests.runners.anonymity.tables import columns_of


def test_risks_are_one_over_matches() -> None:
    # rows match 1, 2, 2 and 4: (1 + 0.5 + 0.5 + 0.25) / 4 = 0.5625; one of four is unique
    assert risks(np.array([1, 2, 2, 4])) == {"mean": 0.5625, "max": 1.0, "unique_fraction": 0.25}


def test_rows_are_equal_in_all_columns() -> None:
    groups = equal_rows([np.array([1, 1, 2, 1]), np.array([5, 6, 5, 5])])
    assert groups[0] == groups[3] and len({groups[0], groups[1], groups[2]}) == 3


def test_a_register_has_everyone_who_could_be_a_row() -> None:
    register = columns_of(age=[20, 26, 30, 26, 23], town=["Rome", "Bonn", "Rome", "Rome", "Oslo"])
    released = [column.take(np.array([0, 1, 2])) for column in register]
    published = covers(released, np.array([0, 0, 1]))
    # class 0: 20-26, Bonn or Rome: rows 0, 1 and 3, but not 4, who is in Oslo; class 1: row 2
    assert num_covered(published, register).tolist() == [3, 1]


def test_the_penalty_is_the_mean_over_rows_and_columns() -> None:
    columns = columns_of(age=[20, 26, 30, 26], town=["Rome", "Bonn", "Oslo", "Rome"])
    published = covers(columns, np.array([0, 0, 1, 0]))
    # three rows lose 6 of 10 years and 1 of 2 words: 0.55 each; one row loses nothing
    assert certainty_penalty(published, np.array([3, 1])) == pytest.approx(3 * 0.55 / 4)


def test_discernibility_is_the_sum_of_squares() -> None:
    assert discernibility(np.array([3, 1])) == 10


def test_an_attacker_takes_one_of_the_nearest_rows() -> None:
    known = np.array([[0.0], [1.0], [5.0]])
    published = np.array([[0.1], [4.0], [6.0]])
    sizes = np.array([2, 3, 1])
    own = np.array([0, 1, 2])
    # the first finds her class of 2; the second is nearer to the first class than to her own;
    # the third is as near to class 1, with 3 rows, as to her own, with 1: ½ + 0 + ¼
    assert linkage_success(known, own, published, sizes) == pytest.approx((1 / 2 + 0 + 1 / 4) / 3)
