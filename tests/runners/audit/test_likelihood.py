"""LiRA's scores, worked by hand."""

from pathlib import Path

import numpy as np
import pytest
import torch

from runners.audit.likelihood import (
    ENOUGH_SHADOWS,
    log_odds,
    losses_of,
    offline_scores,
    online_scores,
)
from tests.runners.audit.finished import DIGITS, finished_run


def test_log_odds_by_hand() -> None:
    # p = 3/4 has odds of 3 to 1, p = 1/2 even ones
    assert log_odds(-np.log([0.75, 0.5])) == pytest.approx([np.log(3), 0.0])


def test_log_odds_of_a_certain_model_are_finite() -> None:
    assert log_odds(np.zeros(1))[0] == pytest.approx(16 * np.log(10))  # −ln(1e-16)


def test_log_odds_of_a_wrong_and_certain_model_are_finite() -> None:
    """e^1000 is no number of a computer's, −ln(e^1000 − 1) is −1000."""
    assert log_odds(np.array([1000.0]))[0] == pytest.approx(-1000)


SHADOWS = np.array([[3.0, 1.0], [5.0, 3.0], [0.0, 0.0], [2.0, 0.0]])
IS_IN = np.array([[True, False], [True, False], [False, True], [False, True]])
# The first sample: in 3 and 5, mean 4; out 0 and 2, mean 1. The second: in 0 and 0, out 1 and 3.
# Squared distances from the means, in: 1 + 1 + 0 + 0 = 2 over (2 - 1) twice = 1; out: 4 over 2 = 2.


def test_online_by_hand() -> None:
    # φ = 4: −ln 1 − 0 / 2 + ln √2 + (4 − 1)² / (2 · 2) = 0.3466 + 2.25
    # φ = 2: −(2 − 0)² / 2 + ln √2 + 0 = −2 + 0.3466
    scores = online_scores(np.array([4.0, 2.0]), SHADOWS, IS_IN)
    assert scores == pytest.approx([2.5966, -1.6534], abs=1e-4)


def test_offline_by_hand() -> None:
    # (4 − 1) / √2 and (1 − 2) / √2
    scores = offline_scores(np.array([4.0, 1.0]), SHADOWS, IS_IN)
    assert scores == pytest.approx([2.1213, -0.7071], abs=1e-4)


def test_with_many_shadows_each_sample_has_its_own_deviation() -> None:
    # out: the first sample −1 and 1 by turns, the second −3 and 3: deviations of 1 and 3 times
    # √(n / (n − 1)) of n = 32; two deviations off are two deviations for each.
    signs = np.tile([-1.0, 1.0], ENOUGH_SHADOWS // 2)[:, None]
    is_in = np.repeat([True, False], ENOUGH_SHADOWS // 2)[:, None].repeat(2, axis=1)
    scores = offline_scores(np.array([2.0, 6.0]), signs * [1.0, 3.0], is_in)
    assert scores == pytest.approx([2 * np.sqrt(31 / 32)] * 2)
    fewer = offline_scores(np.array([2.0, 6.0]), (signs * [1.0, 3.0])[2:], is_in[2:])
    assert fewer[1] == pytest.approx(3 * fewer[0])


def test_losses_are_those_of_the_model(tmp_path: Path) -> None:
    subject = finished_run(tmp_path, *DIGITS).subject()
    training = subject.training(subject.job.assignment.train)
    numbers = np.array([3, subject.num_train, subject.num_train + 7])  # the last two are held out
    samples = subject.samples
    inputs = torch.from_numpy(np.stack([samples.train[3], samples.test[0], samples.test[7]]))
    targets = torch.tensor([samples.train_targets[3], *samples.test_targets[[0, 7]]])
    with torch.no_grad():
        outputs = training.model.module(inputs)
    expected = -outputs.log_softmax(dim=1)[range(3), targets]
    ours = losses_of(training, subject.weights(training), numbers)
    assert ours == pytest.approx(expected.numpy(), rel=1e-5)
