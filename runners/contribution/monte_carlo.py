"""Owns the estimate of Shapley values from random orders of joining: truncated Monte Carlo, after
Ghorbani & Zou 2019, algorithm 1.

Players join in a random order, each gets its marginal gain. Once what has joined is worth nearly
what all are worth, those who are left get 0 (truncation), which spares trainings. Orders are drawn
until the estimates stand still.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from runners.contribution.shapley import Game, everyone

ORDERS_AT_ONCE = 8
"""Orders that are followed side by side, so that a game can value their coalitions together."""


@dataclass(frozen=True, kw_only=True)
class Stopping:
    """Say when an order and when the whole estimate is good enough.

    `truncation_fraction`: an order ends where what has joined is within this part of v(all) −
    v(nobody) of v(all). The estimate ends when φ has moved by less than `tolerance` of itself over
    the last `lag` orders, in the mean over players, or after `max_orders`.
    """

    truncation_fraction: float
    tolerance: float
    lag: int
    max_orders: int


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """Hold estimated values, their standard errors over the orders (None with one order), the
    number of orders, and whether they stood still before `max_orders`.
    """

    values: list[float]
    standard_errors: list[float] | None
    num_orders: int
    has_converged: bool


def estimate_shapley(game: Game, stopping: Stopping, rng: np.random.Generator) -> Estimate:
    """Return estimates from as many orders as are needed."""
    nobody, all_together = game.values([0, everyone(game.num_players)])
    enough = stopping.truncation_fraction * abs(all_together - nobody)
    gains = np.empty((0, game.num_players))
    while len(gains) < stopping.max_orders:
        num = min(ORDERS_AT_ONCE, stopping.max_orders - len(gains))
        orders = [rng.permutation(game.num_players) for _ in range(num)]
        gains = np.concatenate([gains, _gains(game, orders, nobody, all_together, enough)])
        if _stands_still(gains, stopping):
            return _estimate(gains, has_converged=True)
    return _estimate(gains, has_converged=False)


def _gains(
    game: Game, orders: Sequence[np.ndarray], nobody: float, all_together: float, enough: float
) -> np.ndarray:
    """Return each player's gain in each order, of shape (num_orders, num_players)."""
    gains = np.zeros((len(orders), game.num_players))
    joined, worth = [0] * len(orders), [nobody] * len(orders)
    for place in range(game.num_players):
        going = [row for row in range(len(orders)) if abs(all_together - worth[row]) > enough]
        for row in going:
            joined[row] |= 1 << int(orders[row][place])
        for row, value in zip(going, game.values([joined[row] for row in going]), strict=True):
            gains[row, orders[row][place]] = value - worth[row]
            worth[row] = value
    return gains


def _stands_still(gains: np.ndarray, stopping: Stopping) -> bool:
    """Whether the mean over players of |φ_t − φ_{t − lag}| ÷ |φ_t| is below the tolerance."""
    if len(gains) <= stopping.lag:
        return False
    now, before = gains.mean(axis=0), gains[: -stopping.lag].mean(axis=0)
    moved = np.abs(now - before)
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = np.where(moved == 0, 0.0, moved / np.abs(now))
    return bool(relative.mean() < stopping.tolerance)


def _estimate(gains: np.ndarray, *, has_converged: bool) -> Estimate:
    num = len(gains)
    errors = None if num < 2 else (gains.std(axis=0, ddof=1) / np.sqrt(num)).tolist()
    return Estimate(
        values=gains.mean(axis=0).tolist(),
        standard_errors=errors,
        num_orders=num,
        has_converged=has_converged,
    )
