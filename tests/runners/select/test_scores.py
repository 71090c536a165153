"""Scores of candidates: a worked example of the literature, and what must hold for any figures."""

import numpy as np
import pytest

from runners.select.criteria import Matrix
from runners.select.scores import topsis, weighted_scores

# Four fighter aircraft by speed (Mach), range (miles), payload (pounds), cost (10^6 USD, the only
# one to be low), reliability and manoeuvrability (scales of 10): Hwang & Yoon 1981, chapter III.
FIGHTERS = Matrix(
    figures=np.array(
        [
            [2.0, 1500, 20_000, 5.5, 5, 9],
            [2.5, 2700, 18_000, 6.5, 3, 5],
            [1.8, 2000, 21_000, 4.5, 7, 7],
            [2.2, 1800, 20_000, 5.0, 5, 5],
        ]
    ),
    weights=np.array([0.2, 0.1, 0.1, 0.1, 0.2, 0.3]),
    is_benefit=np.array([True, True, True, False, True, True]),
)


def test_topsis_ranks_fighters_as_published() -> None:
    # the book rounds to three decimals at every step
    assert topsis(FIGHTERS) == pytest.approx([0.643, 0.268, 0.613, 0.312], abs=1e-3)


def two(figures: list[list[float]], *, weights: tuple[float, float] = (0.5, 0.5)) -> Matrix:
    """Return candidates by a benefit and a cost."""
    return Matrix(
        figures=np.array(figures), weights=np.array(weights), is_benefit=np.array([True, False])
    )


def test_weighted_sums_by_hand() -> None:
    # benefit 0, 1/4, 1 and cost 1, 0.5, 0 after scaling, weighed 3 to 1
    matrix = two([[2.0, 10.0], [4.0, 20.0], [10.0, 30.0]], weights=(0.75, 0.25))
    assert weighted_scores(matrix) == pytest.approx([0.25, 0.75 / 4 + 0.125, 0.75])


@pytest.mark.parametrize("score", [topsis, weighted_scores])
def test_who_is_best_in_all_gets_one_and_who_is_worst_none(score) -> None:
    assert score(two([[5.0, 1.0], [1.0, 9.0], [3.0, 5.0]]))[:2] == pytest.approx([1, 0])


@pytest.mark.parametrize("score", [topsis, weighted_scores])
def test_units_make_no_difference(score) -> None:
    metres = two([[5.0, 1.0], [1.0, 9.0], [4.0, 2.0]])
    millimetres = two([[5000.0, 1.0], [1000.0, 9.0], [4000.0, 2.0]])
    assert score(metres) == pytest.approx(score(millimetres))


@pytest.mark.parametrize("score", [topsis, weighted_scores])
def test_equal_candidates_are_equally_good(score) -> None:
    assert score(two([[0.0, 3.0], [0.0, 3.0]])).tolist() == [1, 1]
