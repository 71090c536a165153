"""AdamW is torch.optim's on many models at once."""

from typing import Any

import pytest
import torch

from runners.optimizer.adamw import AdamW
from tests.runners.optimizer.stepping import NUM_STEPS, one_step, ours, theirs

RATES = [0.01 / (step + 1) for step in range(NUM_STEPS)]


def adamw(**changes: Any) -> AdamW:
    values = {
        "learning_rate": 0.001,
        "beta_1": 0.9,
        "beta_2": 0.999,
        "epsilon": 1e-8,
        "weight_decay": 0.01,
    }
    return AdamW(**values | changes)


@pytest.mark.parametrize("weight_decay", [0.0, 0.01, 0.5])
def test_steps_are_those_of_torch(weight_decay: float) -> None:
    weights, state = ours(adamw(weight_decay=weight_decay), RATES)
    expected = theirs(lambda row: torch.optim.AdamW(row, weight_decay=weight_decay), RATES)
    torch.testing.assert_close(weights, expected, rtol=1e-5, atol=1e-6)
    assert state.num_steps == NUM_STEPS
    assert len(state.moments) == adamw().num_moments == 2


def test_weights_shrink_apart_from_the_gradient() -> None:
    # 2 * (1 - 0.1 * 0.5) - 0.1, since a first step has the size of the learning rate
    stepped = one_step(adamw(learning_rate=0.1, weight_decay=0.5), [2.0], [7.0])
    assert stepped == pytest.approx([1.8], abs=1e-6)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"learning_rate": 0.0}, "learning_rate must be finite and above 0, got 0.0"),
        ({"beta_2": 1.0}, "beta_2 must be at least 0 and below 1, got 1.0"),
        ({"weight_decay": -0.1}, "weight_decay must be finite and at least 0, got -0.1"),
    ],
)
def test_a_setting_out_of_range_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        adamw(**changes)
