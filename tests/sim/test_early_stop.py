"""Early stopping, by the sequence of evaluations."""

import math

import pytest

from sim.budget import Budget
from sim.early_stop import EarlyStop
from sim.learner import Evaluation


def budget(*, patience: int | None = None, stops_at_target: bool = False) -> Budget:
    return Budget(
        num_epochs=1,
        num_evaluations=10,
        target_accuracy=0.9,
        stops_at_target=stops_at_target,
        patience_evaluations=patience,
        max_sim_s=None,
        max_bytes=None,
        max_cost_usd=None,
    )


def due(stop: EarlyStop, *evaluations: tuple[float, float]) -> list[bool]:
    """Return whether the run should end after each evaluation, a loss and an accuracy."""
    answers = []
    for loss, accuracy in evaluations:
        stop.see(Evaluation(loss=loss, accuracy=accuracy))
        answers.append(stop.reason is not None)
    return answers


@pytest.mark.parametrize(
    ("patience", "losses", "ends_with"),
    [
        (1, [3, 2, 2.5], 2),
        (2, [3, 2, 2.5, 1.9, 2.0, 1.9], 5),  # 1.9 again is not below 1.9
        (2, [3, 3, 3], 2),  # the untrained model was as good
        (2, [3, 4, math.nan], 2),
        (3, [3, 2, 4, 4, 1, 4, 4], None),
        (None, [3, 4, 5, 6, 7, 8], None),
    ],
)
def test_patience(patience: int | None, losses: list[float], ends_with: int | None) -> None:
    answers = due(EarlyStop(budget(patience=patience)), *[(loss, 0.99) for loss in losses])
    assert answers == [
        ends_with is not None and number >= ends_with for number in range(len(losses))
    ]


def test_the_target_ends_the_run_for_good() -> None:
    stop = EarlyStop(budget(stops_at_target=True))
    assert due(stop, (3, 0.1), (2, 0.89), (2, 0.9), (2, 0.5)) == [False, False, True, True]


def test_a_target_that_is_only_measured_ends_nothing() -> None:
    assert due(EarlyStop(budget()), (3, 0.1), (2, 0.95)) == [False, False]


def test_the_untrained_model_ends_nothing() -> None:
    stop = EarlyStop(budget(patience=1, stops_at_target=True))
    assert due(stop, (1, 0.95)) == [False]
