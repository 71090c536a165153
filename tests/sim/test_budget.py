"""A budget counts the same samples for everyone."""

import pytest

from sim.budget import Budget

SETTINGS = {
    "num_epochs": 2,
    "num_evaluations": 3,
    "target_accuracy": 0.9,
    "stops_at_target": False,
    "patience_evaluations": None,
    "max_sim_s": None,
    "max_bytes": None,
    "max_cost_usd": None,
}


def budget(**changes: float) -> Budget:
    return Budget(**(SETTINGS | changes))


def test_steps_of_one_trainer() -> None:
    assert budget().num_steps(num_samples=100, batch_size=32) == 6  # 200 / 32 = 6.25


def test_steps_between_evaluations_are_even_and_complete() -> None:
    assert budget().split_steps(7) == [2, 2, 3]
    assert budget().split_steps(2) == [1, 1]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"target_accuracy": 1.2}, "target_accuracy must be above 0 and at most 1, got 1.2"),
        ({"target_accuracy": 0.0}, "target_accuracy must be above 0 and at most 1, got 0.0"),
        ({"num_epochs": 0}, "num_epochs must be finite and above 0, got 0"),
        ({"max_sim_s": 0.0}, "max_sim_s must be finite and above 0, got 0.0; null is no limit"),
        ({"max_bytes": -1.0}, "max_bytes must be finite and above 0"),
        ({"max_cost_usd": float("nan")}, "max_cost_usd must be finite and above 0"),
        ({"num_evaluations": 0}, "num_evaluations must be at least 1, got 0"),
        (
            {"patience_evaluations": 0},
            "patience_evaluations must be at least 1, got 0; null spends the whole budget",
        ),
    ],
)
def test_refuses_what_is_no_budget(changes: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        budget(**changes)
