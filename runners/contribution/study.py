"""Owns a study from a run's partners to their contributions: all estimates, what they took, and how
far they are from the reference.

In: the federation, settings, and what is known of coalitions already. Out: a `Study`. The reference
is the exact Shapley value, with more than 8 partners the estimate by Monte Carlo.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from runners.contribution.agreement import Agreement, agreement
from runners.contribution.approximations import (
    alignment_shares,
    in_round,
    joined,
    round_shapley,
    value_of,
)
from runners.contribution.federation import Federation, RoundOfAll
from runners.contribution.kept_values import KeptValues
from runners.contribution.monte_carlo import estimate_shapley
from runners.contribution.settings import Settings
from runners.contribution.shapley import MAX_EXACT_PLAYERS, Game, everyone, exact_shapley
from runners.contribution.trained_game import TrainedGame
from sim.streams import stream

OnProgress = Callable[[float], None]
TRAINING_SHARE = 0.9
"""Of the progress bar, for coalitions; the rest is for the rounds of all together."""


@dataclass(frozen=True, kw_only=True)
class Contributions:
    """Hold one method's contributions by partner, in the unit of the metric, and what they took.

    `num_trained` counts the coalitions that it needs trained. Standard errors, orders and whether
    they stood still are Monte Carlo's; `against` is None for the reference itself.
    """

    method: str
    values: list[float]
    num_trained: int
    standard_errors: list[float] | None = None
    num_orders: int | None = None
    has_converged: bool | None = None
    against: Agreement | None = None


@dataclass(frozen=True, kw_only=True)
class Study:
    """Hold all methods, the reference first, and what nobody and all together are worth."""

    methods: tuple[Contributions, ...]
    value_of_nobody: float
    value_of_all: float
    num_rounds: int

    @property
    def reference(self) -> Contributions:
        """What is paid by."""
        return self.methods[0]


def study(
    federation: Federation, kept: KeptValues, settings: Settings, on_progress: OnProgress
) -> Study:
    """Find what each partner contributes, by every method that is feasible."""
    num = federation.num_partners
    expected = min(1 << num, settings.max_orders * num)

    def on_trained(num_known: int) -> None:
        on_progress(TRAINING_SHARE * min(1.0, num_known / expected))

    game = TrainedGame(federation, kept, settings.metric, on_trained)
    methods: list[Contributions] = []
    if num <= MAX_EXACT_PLAYERS:
        values = exact_shapley(game)
        methods.append(Contributions(method="exact", values=values, num_trained=1 << num))
    reference = methods[0].values if methods else None
    methods.append(_monte_carlo(game, settings, reference))
    methods += _from_updates(federation, settings, methods[0].values, on_progress)
    nobody, all_together = game.values([0, everyone(num)])
    return Study(
        methods=tuple(methods),
        value_of_nobody=nobody,
        value_of_all=all_together,
        num_rounds=federation.num_rounds,
    )


class _Asked:
    """Note which coalitions a game is asked for."""

    def __init__(self, game: Game) -> None:
        self.coalitions: set[int] = set()
        self._game = game

    @property
    def num_players(self) -> int:
        return self._game.num_players

    def values(self, coalitions: Sequence[int]) -> list[float]:
        self.coalitions |= set(coalitions)
        return self._game.values(coalitions)


def _monte_carlo(
    game: TrainedGame, settings: Settings, reference: list[float] | None
) -> Contributions:
    asked = _Asked(game)
    rng = stream(settings.seed, "contribution", "orders")
    found = estimate_shapley(asked, settings.stopping, rng)
    return Contributions(
        method="monte_carlo",
        values=found.values,
        num_trained=len(asked.coalitions),
        standard_errors=found.standard_errors,
        num_orders=found.num_orders,
        has_converged=found.has_converged,
        against=None if reference is None else agreement(found.values, reference),
    )


def _from_updates(
    federation: Federation, settings: Settings, reference: list[float], on_progress: OnProgress
) -> Iterator[Contributions]:
    """Yield what one training of everyone tells, round by round."""
    value = value_of(federation.testing(), settings.metric)
    stopping = in_round(settings.stopping, settings.round_orders)
    rng = stream(settings.seed, "contribution", "rounds")
    by_round, by_alignment = ([0.0] * federation.num_partners for _ in range(2))
    together: RoundOfAll | None = None
    for number, one in enumerate(federation.rounds_of_all(), start=1):
        gain = value(one.after) - value(one.before)
        by_round = _sums(by_round, round_shapley(one, value, stopping, rng))
        by_alignment = _sums(by_alignment, [gain * share for share in alignment_shares(one)])
        together = one if together is None else joined(together, one)
        on_progress(TRAINING_SHARE + (1 - TRAINING_SHARE) * number / federation.num_rounds)
    assert together is not None, "a budget is above 0, and so there is a round"
    at_once = round_shapley(together, value, stopping, rng)
    found = {"one_round": at_once, "every_round": by_round, "alignment": by_alignment}
    for method, values in found.items():
        against = agreement(values, reference)
        yield Contributions(method=method, values=values, num_trained=1, against=against)


def _sums(one: Sequence[float], other: Sequence[float]) -> list[float]:
    return [first + second for first, second in zip(one, other, strict=True)]
