"""SGD is torch.optim's on many models at once, and L1 is worked by hand."""

from typing import Any

import pytest
import torch

from runners.optimizer import State
from runners.optimizer.sgd import Sgd
from tests.runners.optimizer.stepping import NUM_STEPS, one_step, ours, theirs

RATES = [0.1 / (step + 1) for step in range(NUM_STEPS)]


def sgd(**changes: Any) -> Sgd:
    values = {
        "learning_rate": 0.1,
        "momentum": 0.0,
        "nesterov": False,
        "weight_decay": 0.0,
        "l1": 0.0,
    }
    return Sgd(**values | changes)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"weight_decay": 0.1},
        {"momentum": 0.9},
        {"momentum": 0.9, "nesterov": True},
        {"momentum": 0.5, "nesterov": True, "weight_decay": 0.01},
    ],
    ids=str,
)
@pytest.mark.parametrize("rates", [[0.1] * NUM_STEPS, RATES], ids=["constant", "falling"])
def test_steps_are_those_of_torch(settings: dict[str, Any], rates: list[float]) -> None:
    weights, state = ours(sgd(**settings), rates)
    expected = theirs(lambda row: torch.optim.SGD(row, lr=0.1, **settings), rates)
    torch.testing.assert_close(weights, expected, rtol=1e-6, atol=1e-6)
    assert state.num_steps == NUM_STEPS
    assert len(state.moments) == sgd(**settings).num_moments


def test_a_step_by_hand() -> None:
    # 1 - 0.1 * 1 and 2 + 0.1 * 0.5
    assert one_step(sgd(), [1.0, 2.0], [1.0, -0.5]) == pytest.approx([0.9, 2.05])


def test_l1_pulls_by_its_weight_whatever_the_size() -> None:
    # 1 - 0.1 * (0.5 + 0.2), -3 - 0.1 * (0.5 - 0.2), and 0 - 0.1 * 0.5: no pull at 0
    stepped = one_step(sgd(l1=0.2), [1.0, -3.0, 0.0], [0.5, 0.5, 0.5])
    assert stepped == pytest.approx([0.93, -3.03, -0.05])


def test_two_steps_with_momentum_by_hand() -> None:
    row, state = torch.tensor([[1.0]]), State()
    for _ in range(2):
        sgd(momentum=0.5).step(row, torch.tensor([[1.0]]), state, 0.1)
    # v = 1, w = 1 - 0.1; v = 0.5 + 1, w = 0.9 - 0.15
    assert row.item() == pytest.approx(0.75)
    assert state.moments[0].tolist() == [[1.5]]


def test_without_momentum_nothing_is_remembered() -> None:
    assert ours(sgd(), [0.1])[1].moments == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"learning_rate": 0.0}, "learning_rate must be finite and above 0, got 0.0"),
        ({"learning_rate": float("nan")}, "learning_rate must be finite and above 0, got nan"),
        ({"momentum": 1.0}, "momentum must be at least 0 and below 1, got 1.0; 0.9 is usual"),
        ({"nesterov": True}, "nesterov must be false where momentum is 0"),
        ({"weight_decay": -0.1}, "weight_decay must be finite and at least 0, got -0.1"),
        ({"l1": -0.1}, "l1 must be finite and at least 0, got -0.1"),
    ],
)
def test_a_setting_out_of_range_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        sgd(**changes)
