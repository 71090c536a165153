"""Adam is torch.optim's on many models at once."""

from typing import Any

import pytest
import torch

from runners.optimizer.adam import Adam
from tests.runners.optimizer.stepping import NUM_STEPS, one_step, ours, theirs

RATES = [0.01 / (step + 1) for step in range(NUM_STEPS)]


def adam(**changes: Any) -> Adam:
    values = {
        "learning_rate": 0.001,
        "beta_1": 0.9,
        "beta_2": 0.999,
        "epsilon": 1e-8,
        "weight_decay": 0.0,
        "l1": 0.0,
    }
    return Adam(**values | changes)


@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
@pytest.mark.parametrize(("beta_1", "beta_2"), [(0.9, 0.999), (0.5, 0.9), (0.0, 0.9)])
def test_steps_are_those_of_torch(weight_decay: float, beta_1: float, beta_2: float) -> None:
    optimizer = adam(weight_decay=weight_decay, beta_1=beta_1, beta_2=beta_2)
    weights, state = ours(optimizer, RATES)
    expected = theirs(
        lambda row: torch.optim.Adam(row, betas=(beta_1, beta_2), weight_decay=weight_decay), RATES
    )
    torch.testing.assert_close(weights, expected, rtol=1e-5, atol=1e-6)
    assert state.num_steps == NUM_STEPS
    assert len(state.moments) == optimizer.num_moments == 2


def test_the_first_step_has_the_size_of_the_learning_rate() -> None:
    # m / sqrt(v) = g / |g| after both corrections, whatever the gradient's size
    stepped = one_step(adam(), [1.0, 2.0], [3.0, -0.01])
    assert stepped == pytest.approx([0.999, 2.001], abs=1e-6)


def test_l1_is_part_of_the_gradient() -> None:
    # gradients are 0.1 + 0.2 * sign(w) = 0.3, -0.1 and 0.1; their signs make the first step
    stepped = one_step(adam(l1=0.2), [1.0, -1.0, 0.0], [0.1, 0.1, 0.1])
    assert stepped == pytest.approx([0.999, -0.999, -0.001], abs=1e-6)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"learning_rate": -1.0}, "learning_rate must be finite and above 0, got -1.0"),
        ({"beta_1": 1.0}, "beta_1 must be at least 0 and below 1, got 1.0"),
        ({"beta_2": -0.1}, "beta_2 must be at least 0 and below 1, got -0.1"),
        ({"epsilon": 0.0}, "epsilon must be finite and above 0, got 0.0"),
        ({"weight_decay": -0.1}, "weight_decay must be finite and at least 0, got -0.1"),
        ({"l1": -0.1}, "l1 must be finite and at least 0, got -0.1"),
    ],
)
def test_a_setting_out_of_range_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        adam(**changes)
