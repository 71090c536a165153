"""Q-learning on a 5×5 grid world, whose best policy is known: corner to corner in eight steps."""

from collections.abc import Hashable

import numpy as np
import pytest

from sim.tabular import (
    Outcomes,
    Table,
    decayed,
    drawn,
    explore,
    greedy,
    learn,
    softmax,
    value_iteration,
)

SIDE = 5
GOAL = (SIDE - 1, SIDE - 1)
MOVES = ((0, 1), (1, 0), (0, -1), (-1, 0))
ALL = np.ones(len(MOVES), dtype=bool)
DISCOUNT = 0.9

Cell = tuple[int, int]


def moved(cell: Cell, action: int) -> Cell:
    """Walls stop a step, and it counts all the same."""
    row, column = (at + by for at, by in zip(cell, MOVES[action], strict=True))
    return (min(max(row, 0), SIDE - 1), min(max(column, 0), SIDE - 1))


def reward_at(cell: Cell) -> float:
    return 1.0 if cell == GOAL else -0.04


def grid() -> dict[Hashable, list[Outcomes]]:
    cells = [(row, column) for row in range(SIDE) for column in range(SIDE)]
    return {
        cell: [
            [(1.0, reward_at(moved(cell, one)), moved(cell, one), moved(cell, one) == GOAL)]
            for one in range(len(MOVES))
        ]
        for cell in cells
        if cell != GOAL
    }


def q_learned(num_episodes: int, learning_rate: float) -> Table:
    table, rng = Table(num_actions=len(MOVES)), np.random.default_rng(0)
    for episode in range(num_episodes):
        cell: Cell = (0, 0)
        epsilon = decayed(0.1, 0.01, episode / num_episodes)
        for _ in range(100):
            values = table.of(cell)
            action = explore(values, ALL, epsilon, rng)
            after = moved(cell, action)
            following = None if after == GOAL else table.of(after)
            learn(
                values,
                action,
                reward_at(after),
                following,
                learning_rate=learning_rate,
                discount=DISCOUNT,
            )
            if after == GOAL:
                break
            cell = after
    return table


def test_value_iteration_finds_the_way_s_worth() -> None:
    values = value_iteration(grid(), DISCOUNT, 1e-9)
    # Seven steps at −0.04 and the eighth at 1, discounted: −0.04 (1 − 0.9⁷)/0.1 + 0.9⁷
    assert values[0, 0] == pytest.approx(-0.4 * (1 - 0.9**7) + 0.9**7)
    assert values[SIDE - 1, SIDE - 2] == pytest.approx(1.0)


def test_value_iteration_weighs_by_probability() -> None:
    # V = 1 + 0.5 × (0.25 × V + 0.75 × 0), so V = 1 / (1 − 0.125)
    model = {"a": [[(0.25, 1.0, "a", False), (0.75, 1.0, "b", True)]]}
    assert value_iteration(model, 0.5, 1e-9)["a"] == pytest.approx(1 / 0.875)


def test_q_learning_reaches_the_optimum_of_the_source_s_example() -> None:
    """α = 0.1, γ = 0.9, 1,000 episodes; along the way it takes, values are those of value iteration
    to 1e-3.
    """
    table, best = q_learned(1000, 0.1), value_iteration(grid(), DISCOUNT, 1e-9)
    cell, num_steps = (0, 0), 0
    while cell != GOAL:
        assert table.of(cell).max() == pytest.approx(best[cell], abs=1e-3)
        cell = moved(cell, greedy(table.of(cell), ALL))
        num_steps += 1
        assert num_steps <= 8
    assert num_steps == 8


def test_a_step_of_learning() -> None:
    values = np.array([1.0, 2.0])
    # 2 + 0.1 × (3 + 0.9 × 5 − 2) = 2.55
    learn(values, 1, 3.0, np.array([5.0, 4.0]), learning_rate=0.1, discount=0.9)
    assert values.tolist() == pytest.approx([1.0, 2.55])
    learn(values, 0, 3.0, None, learning_rate=0.5, discount=0.9)
    assert values.tolist() == pytest.approx([2.0, 2.55])


def test_softmax_is_of_values_over_temperature() -> None:
    mask = np.array([True, False, True])
    values = np.array([0.0, 9.0, np.log(3.0)])
    assert softmax(values, mask, 1.0).tolist() == pytest.approx([0.25, 0.0, 0.75])
    assert softmax(values, mask, 0.5).tolist() == pytest.approx([0.1, 0.0, 0.9])
    assert softmax(values * 1e4, mask, 1.0).tolist() == pytest.approx([0.0, 0.0, 1.0])


def test_actions_are_drawn_by_their_probability() -> None:
    rng = np.random.default_rng(0)
    counts = np.bincount([drawn(np.array([0.25, 0.0, 0.75]), rng) for _ in range(4000)])
    np.testing.assert_allclose(counts / 4000, [0.25, 0.0, 0.75], atol=0.03)


def test_impossible_actions_are_not_taken() -> None:
    mask = np.array([False, True, True])
    values = np.array([5.0, 1.0, 2.0])
    assert greedy(values, mask) == 2
    rng = np.random.default_rng(0)
    taken = {explore(values, mask, 1.0, rng) for _ in range(50)}
    assert taken == {1, 2}
    assert {explore(values, mask, 0.0, rng) for _ in range(20)} == {2}


def test_epsilon_falls_from_a_tenth_to_a_hundredth() -> None:
    assert [decayed(0.1, 0.01, one) for one in (0, 0.5, 1, 2)] == pytest.approx(
        [0.1, 0.1 * 0.1**0.5, 0.01, 0.01]
    )
