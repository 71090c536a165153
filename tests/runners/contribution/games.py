"""Games with known Shapley values."""

from collections.abc import Callable, Sequence

from runners.contribution.shapley import members


class Table:
    """A game by a rule from the players of a coalition to its worth; counts what it is asked."""

    def __init__(self, num_players: int, worth: Callable[[tuple[int, ...]], float]) -> None:
        self.num_players = num_players
        self.asked: set[int] = set()
        self._worth = worth

    def values(self, coalitions: Sequence[int]) -> list[float]:
        """Return what coalitions are worth."""
        self.asked |= set(coalitions)
        return [self._worth(members(one)) for one in coalitions]


def airport(*costs: float) -> Table:
    """Return the game of a runway that must be as long as its longest user needs (Littlechild &
    Owen 1973).
    """
    return Table(len(costs), lambda players: max((costs[one] for one in players), default=0.0))


def glove(*, left: int, right: int) -> Table:
    """Return the game of owners of one glove each, of whom pairs are worth 1."""
    return Table(
        left + right,
        lambda players: float(
            min(sum(one < left for one in players), sum(one >= left for one in players))
        ),
    )
