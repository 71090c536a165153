"""The outer optimizers' steps against numbers by hand, PyTorch's, and the papers' formulas."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from runners.learner.outer_optimizer import RULES, Part, State, outer_step, outer_step_in
from sim.learner import SERVER_OPTIMIZERS, Outer

NESTEROV = Outer(optimizer="nesterov", learning_rate=0.7, momentum=0.9)
OUTERS = [
    Outer(
        optimizer=optimizer,
        learning_rate=0.1,
        momentum=0.9,
        second_momentum=0.99,
        adaptivity=1e-3,
    )
    for optimizer in SERVER_OPTIMIZERS
]
each_optimizer = pytest.mark.parametrize("outer", OUTERS, ids=SERVER_OPTIMIZERS)


def updates(number: int = 5, size: int = 50) -> list[torch.Tensor]:
    rng = torch.Generator().manual_seed(0)
    return [torch.randn(size, generator=rng, dtype=torch.float64) for _ in range(number)]


def one(value: float) -> torch.Tensor:
    return torch.tensor([value], dtype=torch.float64)


def moves(outer: Outer, values: list[float]) -> list[float]:
    """Return what one weight moves by, update by update."""
    state: State = ()
    moved = []
    for value in values:
        move, state = outer_step(one(value), state, outer)
        moved.append(move.item())
    return moved


def test_every_optimizer_of_the_protocol_has_its_rule() -> None:
    assert tuple(RULES) == SERVER_OPTIMIZERS


def test_sgd_by_hand() -> None:
    assert moves(Outer(optimizer="sgd", learning_rate=0.5), [1.0, -3.0]) == [0.5, -1.5]


def test_momentum_by_hand() -> None:
    # v = 1, move 0.5; v = 0.9 + 2, move 1.45
    outer = Outer(optimizer="momentum", learning_rate=0.5, momentum=0.9)
    assert moves(outer, [1.0, 2.0]) == pytest.approx([0.5, 1.45])


def test_nesterov_by_hand() -> None:
    # v = 1, move 0.7 * (1 + 0.9 * 1) = 1.33; then v = 0.9 + 1, move 0.7 * (1 + 0.9 * 1.9) = 1.897
    assert moves(NESTEROV, [1.0, 1.0]) == pytest.approx([1.33, 1.897])


def test_adam_by_hand() -> None:
    outer = Outer(
        optimizer="adam", learning_rate=1.0, momentum=0.5, second_momentum=0.75, adaptivity=1.0
    )
    # v begins at 1² = 1. u = 3: m = 1.5, v = 0.75 + 0.25 * 9 = 3, move 1.5 / (√3 + 1) = 0.549038;
    # u = 1: m = 0.75 + 0.5, v = 2.25 + 0.25 = 2.5, move 1.25 / (√2.5 + 1) = 0.484282
    assert moves(outer, [3.0, 1.0]) == pytest.approx([0.549038, 0.484282], abs=1e-6)


def test_yogi_by_hand() -> None:
    outer = Outer(
        optimizer="yogi", learning_rate=1.0, momentum=0.5, second_momentum=0.75, adaptivity=1.0
    )
    # u = 3: v = 1 < 9, so v = 1 + 0.25 * 9 = 3.25, move 1.5 / (√3.25 + 1) = 0.535184;
    # u = 1: v = 3.25 > 1, so v = 3.25 - 0.25 = 3, move 1.25 / (√3 + 1) = 0.457532
    assert moves(outer, [3.0, 1.0]) == pytest.approx([0.535184, 0.457532], abs=1e-6)


@pytest.mark.parametrize(
    ("optimizer", "momentum"),
    [("sgd", 0.0), ("momentum", 0.9), ("nesterov", 0.9), ("nesterov", 0.5)],
)
def test_it_is_torchs_sgd_on_minus_the_update(optimizer: str, momentum: float) -> None:
    ours, *given = updates(6)
    parameter = torch.nn.Parameter(ours.clone())
    theirs = torch.optim.SGD(
        [parameter], lr=0.7, momentum=momentum, nesterov=optimizer == "nesterov"
    )
    outer = Outer(optimizer=optimizer, learning_rate=0.7, momentum=momentum)
    state: State = ()
    for update in given:
        parameter.grad = -update
        theirs.step()
        move, state = outer_step(update, state, outer)
        ours = ours + move
        torch.testing.assert_close(ours, parameter.data, rtol=1e-12, atol=1e-12)


def fedopt(given: list[np.ndarray], outer: Outer) -> np.ndarray:
    """Return how far Reddi et al. (2021), algorithm 2, gets: Δ the update, β₁, β₂, η and τ, one
    coordinate at a time.
    """
    total = np.zeros_like(given[0])
    for place in range(len(total)):
        m, v = 0.0, outer.adaptivity**2
        for update in given:
            delta = update[place]
            m = outer.momentum * m + (1 - outer.momentum) * delta
            if outer.optimizer == "adam":
                v = outer.second_momentum * v + (1 - outer.second_momentum) * delta**2
            elif v > delta**2:
                v = v - (1 - outer.second_momentum) * delta**2
            else:
                v = v + (1 - outer.second_momentum) * delta**2
            total[place] += outer.learning_rate * m / (np.sqrt(v) + outer.adaptivity)
    return total


@pytest.mark.parametrize("optimizer", ["adam", "yogi"])
@pytest.mark.parametrize("adaptivity", [1e-3, 0.7])  # below and among the sizes of updates
def test_it_is_the_papers_algorithm(optimizer: str, adaptivity: float) -> None:
    given = updates(8)
    outer = replace(OUTERS[0], optimizer=optimizer, adaptivity=adaptivity)
    state: State = ()
    total = torch.zeros(50, dtype=torch.float64)
    for update in given:
        move, state = outer_step(update, state, outer)
        total += move
    expected = fedopt([update.numpy() for update in given], outer)
    np.testing.assert_allclose(total.numpy(), expected, rtol=1e-12)


def test_sgd_with_rate_1_is_the_update_to_the_last_bit() -> None:
    (update,) = updates(1)
    move, state = outer_step(update, (), Outer(optimizer="sgd", learning_rate=1.0))
    assert torch.equal(move, update)
    assert state == ()


@each_optimizer
def test_a_step_changes_nothing_that_it_is_given(outer: Outer) -> None:
    first, second = updates(2)
    _, state = outer_step(first, (), outer)
    kept = [vector.clone() for vector in (second, *state)]
    for step in (outer_step, lambda *given: outer_step_in(slice(3), *given)):
        move, after = step(second, state, outer)
        for vector in (move, *after):
            vector.fill_(torch.nan)
        assert all(torch.equal(a, b) for a, b in zip(kept, (second, *state), strict=True))


PARTS: list[tuple[Part, Part]] = [
    (slice(0, 20), slice(20, 50)),
    (torch.arange(0, 50, 2), torch.arange(1, 50, 2)),
    (torch.arange(50) % 3 == 0, torch.arange(50) % 3 > 0),
]


@each_optimizer
@pytest.mark.parametrize("parts", PARTS, ids=["slices", "places", "masks"])
def test_parts_one_after_the_other_are_the_whole(outer: Outer, parts: tuple[Part, Part]) -> None:
    whole_state: State = ()
    state: State = ()
    for update in updates(3):
        whole, whole_state = outer_step(update, whole_state, outer)
        total = torch.zeros_like(update)
        for part in parts:
            move, state = outer_step_in(part, update, state, outer)
            total += move
        assert torch.equal(total, whole)
        assert all(torch.equal(a, b) for a, b in zip(state, whole_state, strict=True))


@each_optimizer
def test_outside_its_part_a_step_moves_nothing(outer: Outer) -> None:
    first, second = updates(2)
    _, state = outer_step(first, (), outer)
    move, after = outer_step_in(slice(10, 20), second, state, outer)
    assert move[10:20].all()
    assert not move[:10].any() and not move[20:].any()
    for vector, before in zip(after, state, strict=True):
        assert torch.equal(vector[20:], before[20:])
        assert not torch.equal(vector[10:20], before[10:20])
