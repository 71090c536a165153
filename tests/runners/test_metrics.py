"""Figures of merit against numbers worked by hand."""

import math
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, recall_score, roc_auc_score

from runners.metrics import measure

LABELS = np.array([0, 0, 0, 1, 1])  # label 2 does not occur
PROBABILITIES = np.array(
    [
        [0.8, 0.1, 0.1],  # 0, right
        [0.5, 0.3, 0.2],  # 0, right
        [0.3, 0.5, 0.2],  # 1, wrong
        [0.4, 0.6, 0.0],  # 1, right
        [0.1, 0.2, 0.7],  # 2, wrong
    ]
)


def test_figures_are_those_worked_by_hand() -> None:
    # loss: the labels' probabilities are 0.8, 0.5, 0.3, 0.6, 0.2
    # recall: 2/3 and 1/2; label 2 does not occur and does not count
    # precision: 2/2 and 1/2, so F1 is 2 * 1 * 2/3 / (1 + 2/3) = 0.8, and 0.5
    # area, label 0: 0.8, 0.5, 0.3 against 0.4, 0.1: 5 of 6 pairs in order
    # area, label 1: 0.6, 0.2 against 0.1, 0.3, 0.5: 4 of 6
    metrics = measure(LABELS, PROBABILITIES)
    assert metrics is not None
    assert asdict(metrics) == pytest.approx(
        {
            "loss": -math.log(0.8 * 0.5 * 0.3 * 0.6 * 0.2) / 5,
            "accuracy": 3 / 5,
            "macro_recall": (2 / 3 + 1 / 2) / 2,
            "macro_f1": (0.8 + 0.5) / 2,
            "roc_auc": (5 / 6 + 4 / 6) / 2,
        }
    )


def test_one_label_only_has_no_area() -> None:
    metrics = measure(LABELS[:3], PROBABILITIES[:3])
    assert metrics is not None and metrics.roc_auc is None
    assert (metrics.accuracy, metrics.macro_recall) == pytest.approx((2 / 3, 2 / 3))


def test_without_samples_there_is_nothing_to_measure() -> None:
    assert measure(LABELS[:0], PROBABILITIES[:0]) is None


def test_a_label_held_impossible_costs_much_and_not_infinity() -> None:
    metrics = measure(np.array([1]), np.array([[1.0, 0.0]], dtype=np.float32))
    assert metrics is not None
    # the smallest normal float32 is 2**-126
    assert metrics.loss == pytest.approx(126 * math.log(2))


def test_a_model_that_has_diverged_keeps_its_accuracy_but_has_no_loss() -> None:
    # no number is the largest, so label 0 is predicted: right for 3 of 5
    metrics = measure(LABELS, np.full((5, 3), np.nan))
    assert metrics is not None
    assert (metrics.loss, metrics.accuracy, metrics.roc_auc) == (None, 3 / 5, None)


@settings(derandomize=True, deadline=None, max_examples=50)
@given(
    num_samples=st.integers(2, 60),
    num_classes=st.integers(2, 12),
    decimals=st.integers(1, 6),
    seed=st.integers(0, 10_000),
)
def test_figures_are_those_of_scikit_learn(
    num_samples: int, num_classes: int, decimals: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, num_classes, num_samples)
    # rounded, so that there are ties
    probabilities = rng.dirichlet(np.ones(num_classes), num_samples).round(decimals)
    predicted, present = probabilities.argmax(axis=1), np.unique(labels)
    macro = {"labels": present, "average": "macro", "zero_division": 0}
    metrics = measure(labels, probabilities)
    assert metrics is not None
    assert metrics.accuracy == pytest.approx(accuracy_score(labels, predicted))
    assert metrics.macro_recall == pytest.approx(recall_score(labels, predicted, **macro))
    assert metrics.macro_f1 == pytest.approx(f1_score(labels, predicted, **macro))
    if len(present) > 1:
        areas = [roc_auc_score(labels == one, probabilities[:, one]) for one in present]
        assert metrics.roc_auc == pytest.approx(np.mean(areas))


def test_numbers_have_an_explained_part_of_their_variance() -> None:
    targets = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 8.0]], dtype=np.float32)
    predictions = np.array([[0.5, 1.0], [2.0, 4.0], [4.0, 6.0]], dtype=np.float32)
    # squared errors 0.25, 1 and 4 of 6 numbers; about the means 2 and 4: 4 + 0 + 4 + 9 + 1 + 16
    metrics = measure(targets, predictions)
    assert metrics is not None
    assert (metrics.loss, metrics.accuracy) == pytest.approx((5.25 / 6, 1 - 5.25 / 34))
    assert (metrics.macro_recall, metrics.macro_f1, metrics.roc_auc) == (None, None, None)


def test_each_token_of_a_text_counts() -> None:
    targets = np.array([[0, 1], [1, 1]])
    probabilities = np.array([[[0.9, 0.1], [0.4, 0.6]], [[0.7, 0.3], [0.2, 0.8]]])
    metrics = measure(targets, probabilities)
    assert metrics is not None
    assert metrics.accuracy == pytest.approx(3 / 4)
    assert metrics.loss == pytest.approx(-math.log(0.9 * 0.6 * 0.3 * 0.8) / 4)
