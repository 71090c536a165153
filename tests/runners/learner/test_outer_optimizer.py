"""The outer optimizer's step against PyTorch's, and what it refuses."""

import pytest
import torch

from runners.learner.outer_optimizer import check_outer, outer_step
from sim.learner import Outer, Part, Work
from sim.learner.none import Version

NESTEROV = Outer(learning_rate=0.7, momentum=0.9)


def test_two_steps_worked_by_hand() -> None:
    update = torch.tensor([1.0], dtype=torch.float64)
    # v = 1, move 0.7 * (1 + 0.9 * 1) = 1.33; then v = 0.9 + 1, move 0.7 * (1 + 0.9 * 1.9) = 1.897
    first, velocity = outer_step(update, None, NESTEROV)
    second, velocity = outer_step(update, velocity, NESTEROV)
    assert [first.item(), second.item()] == pytest.approx([1.33, 1.897])
    assert velocity is not None
    assert velocity.item() == pytest.approx(1.9)


@pytest.mark.parametrize(("learning_rate", "momentum"), [(0.7, 0.9), (1.0, 0.5), (0.3, 0.0)])
def test_it_is_torchs_sgd_on_minus_the_update(learning_rate: float, momentum: float) -> None:
    rng = torch.Generator().manual_seed(0)
    start = torch.randn(50, generator=rng, dtype=torch.float64)
    parameter = torch.nn.Parameter(start.clone())
    optimizer = torch.optim.SGD(
        [parameter], lr=learning_rate, momentum=momentum, nesterov=momentum > 0
    )
    outer, ours, velocity = Outer(learning_rate=learning_rate, momentum=momentum), start, None
    for _ in range(5):
        update = torch.randn(50, generator=rng, dtype=torch.float64)
        parameter.grad = -update
        optimizer.step()
        move, velocity = outer_step(update, velocity, outer)
        ours = ours + move
        torch.testing.assert_close(ours, parameter.data, rtol=1e-12, atol=1e-12)


def test_rate_1_without_momentum_is_the_update_to_the_last_bit() -> None:
    update = torch.randn(50, dtype=torch.float64)
    move, velocity = outer_step(update, None, Outer(learning_rate=1.0, momentum=0.0))
    assert torch.equal(move, update)
    assert velocity is None


def test_the_velocity_is_not_the_callers_update() -> None:
    update = torch.ones(3, dtype=torch.float64)
    _, velocity = outer_step(update, None, NESTEROV)
    update.zero_()
    assert velocity is not None
    assert velocity.tolist() == [1.0, 1.0, 1.0]


def test_refuses_what_can_only_be_simulated() -> None:
    work = Work(
        partner=0,
        start=Version(version=0),
        num_steps=1,
        data_of=(0,),
        part=Part(kind="layers", index=0, count=2),
    )
    with pytest.raises(ValueError, match=r"can't train fragments.*try learner=none"):
        check_outer(NESTEROV, [work])
    rounded = Outer(learning_rate=0.7, momentum=0.9, wire_bytes_per_parameter=0.5)
    with pytest.raises(ValueError, match=r"round updates to 0\.5 bytes.*try learner=none"):
        check_outer(rounded, [])
    check_outer(NESTEROV, [])
    check_outer(None, [])
