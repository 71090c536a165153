"""Owns what a coalition game is, and its exact Shapley value. Plain arithmetic on floats.

A game says what coalitions are worth; the Shapley value is each player's mean marginal gain over
all orders in which players can join (Shapley 1953). It divides v(all) − v(nobody) among them.
"""

from collections.abc import Sequence
from math import factorial
from typing import Protocol

MAX_EXACT_PLAYERS = 8
"""With more there are over 256 coalitions, each of which is a training."""


class Game(Protocol):
    """Say what coalitions are worth."""

    @property
    def num_players(self) -> int:
        """Players are numbered from 0."""
        ...

    def values(self, coalitions: Sequence[int]) -> list[float]:
        """Return what each coalition is worth; a coalition is worth the same at every call."""
        ...


def members(coalition: int) -> tuple[int, ...]:
    """Return the players of a coalition, rising."""
    return tuple(player for player in range(coalition.bit_length()) if coalition >> player & 1)


def everyone(num_players: int) -> int:
    """Return the coalition of all."""
    return (1 << num_players) - 1


def exact_shapley(game: Game) -> list[float]:
    """Return φ_i = Σ_S |S|! (n − |S| − 1)! ÷ n! (v(S + i) − v(S)) over coalitions S without i."""
    num = game.num_players
    values = game.values(range(1 << num))
    weights = [factorial(size) * factorial(num - size - 1) / factorial(num) for size in range(num)]
    return [
        sum(
            weights[coalition.bit_count()] * (values[coalition | 1 << player] - values[coalition])
            for coalition in range(1 << num)
            if not coalition >> player & 1
        )
        for player in range(num)
    ]
