"""Exact Shapley values: games worked by hand, and the axioms that they alone fulfil."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runners.contribution.shapley import everyone, exact_shapley, members
from tests.runners.contribution.games import Table, airport, glove


def test_one_left_glove_among_two_right_ones() -> None:
    # Of 6 orders the left glove completes a pair in the 4 in which it is not first; each right one
    # completes it in the 1 order in which it comes second after the left one.
    assert exact_shapley(glove(left=1, right=2)) == pytest.approx([4 / 6, 1 / 6, 1 / 6])


def test_users_of_a_runway_share_each_piece_that_they_need() -> None:
    # 1 among three, the next 1 among two, the next 2 for the largest alone
    shares = [1 / 3, 1 / 3 + 1 / 2, 1 / 3 + 1 / 2 + 2]
    assert exact_shapley(airport(1, 2, 4)) == pytest.approx(shares)


def test_coalitions_are_bits() -> None:
    assert members(0b1101) == (0, 2, 3)
    assert everyone(4) == 0b1111 and members(0) == ()


@st.composite
def tables(draw: st.DrawFn, num_players: int = 4) -> list[float]:
    """Return what each coalition is worth, rising by its bits."""
    worth = st.floats(-10, 10, allow_nan=False)
    return draw(st.lists(worth, min_size=1 << num_players, max_size=1 << num_players))


def game_of(table: list[float]) -> Table:
    return Table(4, lambda players: table[sum(1 << one for one in players)])


quick = settings(derandomize=True, deadline=None, max_examples=40)


@quick
@given(tables())
def test_what_all_gain_is_divided(table: list[float]) -> None:
    assert sum(exact_shapley(game_of(table))) == pytest.approx(table[-1] - table[0], abs=1e-9)


@quick
@given(tables())
def test_players_who_add_the_same_get_the_same(table: list[float]) -> None:
    def swapped(coalition: int) -> int:
        return coalition & 0b1100 | (coalition & 1) << 1 | (coalition >> 1) & 1

    alike = [(table[one] + table[swapped(one)]) / 2 for one in range(16)]
    first, second, *_ = exact_shapley(game_of(alike))
    assert first == pytest.approx(second, abs=1e-9)


@quick
@given(tables())
def test_who_adds_nothing_gets_nothing(table: list[float]) -> None:
    without = [table[one & ~0b0100] for one in range(16)]
    assert exact_shapley(game_of(without))[2] == pytest.approx(0, abs=1e-9)


@quick
@given(tables(), tables())
def test_two_games_together_are_worth_their_sum(one: list[float], other: list[float]) -> None:
    both = [first + second for first, second in zip(one, other, strict=True)]
    parts = zip(exact_shapley(game_of(one)), exact_shapley(game_of(other)), strict=True)
    together = exact_shapley(game_of(both))
    assert together == pytest.approx([sum(pair) for pair in parts], abs=1e-9)
