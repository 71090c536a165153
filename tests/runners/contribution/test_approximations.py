"""Contributions from updates, on rounds small enough to work by hand."""

import numpy as np
import pytest
import torch

from runners.contribution.approximations import (
    RoundGame,
    alignment_shares,
    joined,
    reconstructed,
    round_shapley,
)
from runners.contribution.federation import RoundOfAll
from runners.contribution.monte_carlo import Stopping

STOPPING = Stopping(truncation_fraction=0.0, tolerance=0.05, lag=8, max_orders=8)


def a_round(*updates: list[float], weights: list[float]) -> RoundOfAll:
    rows = torch.tensor(updates)
    before = torch.ones(rows.shape[1])
    moved = torch.tensor(weights) @ rows
    return RoundOfAll(before=before, after=before + moved, updates=rows, weights=weights)


def test_a_coalition_s_model_is_the_weighted_mean_of_its_own_updates() -> None:
    one = a_round([4.0, 0.0], [0.0, 4.0], [8.0, 8.0], weights=[0.25, 0.25, 0.5])
    assert reconstructed(one, 0).tolist() == [1, 1]
    assert reconstructed(one, 0b001).tolist() == [5, 1]
    # weights 1/3 and 2/3 of updates (4, 0) and (8, 8)
    assert reconstructed(one, 0b101).tolist() == pytest.approx([1 + 20 / 3, 1 + 16 / 3])
    assert reconstructed(one, 0b111).tolist() == one.after.tolist() == [6, 6]


def test_a_round_s_gain_is_divided_by_what_coalitions_would_have_made() -> None:
    one = a_round([2.0], [6.0], weights=[0.5, 0.5])
    # worth of nobody 1, of the first 3, of the second 7, of both 5
    values = round_shapley(one, lambda vector: float(vector.sum()), STOPPING, rng())
    assert values == pytest.approx([((3 - 1) + (5 - 7)) / 2, ((7 - 1) + (5 - 3)) / 2])


def test_more_partners_than_are_exact_are_sampled() -> None:
    one = a_round(*[[float(number)] for number in range(10)], weights=[0.1] * 10)
    values = round_shapley(one, lambda vector: float(vector.sum()), STOPPING, rng())
    assert sum(values) == pytest.approx(4.5)
    assert len(values) == 10 and values[9] > values[0]


def test_alignment_is_the_share_of_the_way() -> None:
    # merged update (3, 1); 0.5 × (6, 0) goes 9 of 10 of its length's square, 0.5 × (0, 2) 1 of 10
    one = a_round([6.0, 0.0], [0.0, 2.0], weights=[0.5, 0.5])
    assert alignment_shares(one) == pytest.approx([0.9, 0.1])
    assert alignment_shares(a_round([1.0], [-1.0], weights=[0.5, 0.5])) == [0, 0]


def test_rounds_are_joined_partner_by_partner() -> None:
    first = a_round([1.0], [2.0], weights=[0.5, 0.5])
    second = RoundOfAll(
        before=first.after, after=first.after + 7, updates=torch.tensor([[10.0], [4.0]]),
        weights=[0.5, 0.5],
    )  # fmt: skip
    both = joined(first, second)
    assert both.updates.flatten().tolist() == [11, 6]
    assert (both.before, both.after) == (first.before, second.after)
    assert reconstructed(both, 0b11).tolist() == second.after.tolist()


def test_a_coalition_is_evaluated_once() -> None:
    asked: list[float] = []

    def value(vector: torch.Tensor) -> float:
        asked.append(float(vector[0]))
        return asked[-1]

    game = RoundGame(a_round([2.0], [6.0], weights=[0.5, 0.5]), value)
    assert game.values([1, 2, 1]) == [3, 7, 3]
    assert game.values([2]) == [7] and asked == [3, 7]


def rng() -> np.random.Generator:
    return np.random.default_rng(0)
