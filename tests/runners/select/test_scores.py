"""Scores of candidates: an example worked by hand, and what must hold for any figures."""

import numpy as np
import pytest

from runners.select.criteria import Matrix
from runners.select.scores import topsis, weighted_scores

# Columns of norms √(2² + 3² + 6²) = 7, √(1² + 4² + 8²) = 9 and √(1² + 2² + 2²) = 3, weighed
# 7 : 9 : 3; of the second less is better. Each figure, divided by its norm and weighed, is itself
# ÷ 19.
THREE = Matrix(
    figures=np.array([[2.0, 1, 1], [3, 4, 2], [6, 8, 2]]),
    weights=np.array([7, 9, 3]) / 19,
    is_benefit=np.array([True, False, True]),
)


def test_topsis_by_hand() -> None:
    # best (6, 1, 2), worst (2, 8, 1), all ÷ 19, which the closeness S⁻ ÷ (S⁺ + S⁻) does not change
    # (2, 1, 1): S⁺ = √(4² + 0 + 1²) = √17, S⁻ = √(0 + 7² + 0) = 7; 7 ÷ 11.1231 = 0.6293
    # (3, 4, 2): S⁺ = √(3² + 3² + 0) = √18, S⁻ = √(1² + 4² + 1²) = √18; 1/2
    # (6, 8, 2): S⁺ = √(0 + 7² + 0) = 7, S⁻ = √(4² + 0 + 1²) = √17; 4.1231 ÷ 11.1231 = 0.3707
    assert topsis(THREE) == pytest.approx([0.6293, 0.5, 0.3707], abs=1e-4)


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
