"""Errors and rank correlations, worked by hand."""

import pytest

from runners.contribution.agreement import agreement


def test_errors_and_ranks_by_hand() -> None:
    # errors 1, 0, 2, 1; ranks 2, 1, 4, 3 against 1, 2, 3, 4: 1 − 6 × 4 ÷ (4 × 15)
    found = agreement([2.0, 1.0, 6.0, 5.0], [1.0, 1.0 + 1e-9, 4.0, 6.0])
    assert found.mean_error == pytest.approx(1.0)
    assert found.relative_error == pytest.approx(4 / 12)
    assert found.rank_correlation == pytest.approx(1 - 6 * 4 / 60)


def test_ties_share_their_rank() -> None:
    # ranks 1.5, 1.5, 3 against 1, 2, 3, less their mean: (0.25 − 0 + 1)… = 1.5 ÷ √(1.5 × 2)
    assert agreement([1, 1, 5], [1, 2, 3]).rank_correlation == pytest.approx(1.5 / 3**0.5)


def test_what_can_t_be_said_is_none() -> None:
    found = agreement([1.0, 1.0], [0.0, 0.0])
    assert (found.relative_error, found.rank_correlation) == (None, None)
