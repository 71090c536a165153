"""A class may be published from k rows and l kinds of labels on."""

import numpy as np
import pytest

from runners.anonymity.rule import Rule


def test_distinct_labels_are_counted() -> None:
    rule = Rule(k=3, least_diversity=2, diversity="distinct")
    counts = np.array([[2, 1], [1, 1], [5, 0], [0, 0]])  # enough, too few rows, one label, empty
    assert rule.diversity_of(counts).tolist() == [2, 2, 1, 0]
    assert rule.holds(counts).tolist() == [True, False, False, False]


def test_entropy_is_that_of_the_shares() -> None:
    rule = Rule(k=1, least_diversity=1.75, diversity="entropy")
    counts = np.array([[3, 1], [1, 1], [4, 0], [0, 0]])
    # −¾ ln ¾ − ¼ ln ¼ = 0.2158 + 0.3466 = 0.5623, and e^0.5623 = 1.7548; e^ln 2 = 2; e^0 = 1
    assert rule.diversity_of(counts) == pytest.approx([1.7548, 2, 1, 0], abs=1e-4)
    assert rule.holds(counts).tolist() == [True, True, False, False]


def test_a_diversity_that_is_met_exactly_holds() -> None:
    rule = Rule(k=1, least_diversity=3, diversity="entropy")
    assert rule.holds(np.array([[7, 7, 7]])).all()  # e^ln 3, which may round to below 3
