"""Owns contributions from the updates of one training, in place of one training per coalition.

Reconstruction (Song, Tong & Wei 2019): what a coalition's updates alone would have made of a model
is evaluated in place of what it would have trained. `one_round` takes all rounds' updates together
and adds them to the first model (their OR); `every_round` adds up the Shapley values of single
rounds (their MR, λ = 1). Alignment: each round's gain in value is divided by how far each weighted
update goes the way of the merged one, w_i ⟨u_i, u⟩ ÷ ⟨u, u⟩, after the idea of Xu et al. (2021).
All divide v(all) − v(nobody) exactly, but for server optimizers, which reconstruction takes for a
mean.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch

from runners.contribution.federation import RoundOfAll, evaluation_of
from runners.contribution.monte_carlo import Stopping, estimate_shapley
from runners.contribution.shapley import MAX_EXACT_PLAYERS, exact_shapley, members
from runners.contribution.trained_game import worth
from runners.learner.testing import Testing
from sim.learner import Evaluation

Value = Callable[[torch.Tensor], float]
"""From weights to what their model is worth."""


class RoundGame:
    """Value coalitions by one round's updates."""

    def __init__(self, one: RoundOfAll, value: Value) -> None:
        self._round = one
        self._value = value
        self._known: dict[int, float] = {}

    @property
    def num_players(self) -> int:
        """The partners of the round."""
        return len(self._round.weights)

    def values(self, coalitions: Sequence[int]) -> list[float]:
        """Return what the reconstructed models are worth."""
        for one in coalitions:
            if one not in self._known:
                self._known[one] = self._value(reconstructed(self._round, one))
        return [self._known[one] for one in coalitions]


def reconstructed(one: RoundOfAll, coalition: int) -> torch.Tensor:
    """Return the model that a coalition's updates alone make of a round's, (size,)."""
    players = list(members(coalition))
    if not players:
        return one.before
    weights = torch.tensor([one.weights[player] for player in players], dtype=torch.float64)
    rows = one.updates[players].double()
    moved = (weights / weights.sum()).to(rows.device) @ rows
    return (one.before + moved).to(torch.float32)


def joined(one: RoundOfAll, other: RoundOfAll) -> RoundOfAll:
    """Return two rounds as one, in which each partner sends both of its updates."""
    return replace(one, after=other.after, updates=one.updates + other.updates)


def round_shapley(
    one: RoundOfAll, value: Value, stopping: Stopping, rng: np.random.Generator
) -> list[float]:
    """Return the Shapley values of a round: exact for few partners, else from random orders."""
    game = RoundGame(one, value)
    if game.num_players <= MAX_EXACT_PLAYERS:
        return exact_shapley(game)
    return estimate_shapley(game, stopping, rng).values


def alignment_shares(one: RoundOfAll) -> list[float]:
    """Return w_i ⟨u_i, u⟩ ÷ ⟨u, u⟩ for u = Σ w_i u_i; they add up to 1, or are 0 where nothing
    moves.
    """
    rows = one.updates.double()
    weights = torch.tensor(one.weights, dtype=torch.float64, device=rows.device)
    merged = weights @ rows
    size = float(merged @ merged)
    shares = weights * (rows @ merged)
    return (shares / size).tolist() if size else [0.0] * len(rows)


def value_of(testing: Testing, metric: str) -> Value:
    """Return the call that says what weights are worth."""

    def value(vector: torch.Tensor) -> float:
        evaluation: Evaluation = evaluation_of(testing, vector)
        return worth(evaluation, metric)

    return value


def in_round(stopping: Stopping, num_orders: int) -> Stopping:
    """Return when the estimate of one round ends: after a fixed number of orders."""
    return replace(stopping, max_orders=num_orders, lag=num_orders)
