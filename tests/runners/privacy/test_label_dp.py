"""Labels that are sometimes wrong."""

from math import log, sqrt

import numpy as np
import pytest

from runners.data.digits import Digits
from runners.data.regression import Regression
from runners.privacy.chain import Chain
from runners.privacy.label_dp import LabelDp, keep_probability, randomised_labels
from tests.runners.privacy.dp_cases import EVERYONE

DATA = Digits()
REGRESSION = Regression(num_features=3, num_values=1, noise=0.1, num_samples=20)


@pytest.mark.parametrize("num_classes", [2, 5])
def test_labels_are_kept_as_often_as_epsilon_says(num_classes: int) -> None:
    labels = np.full(60_000, 1, dtype=np.int64)
    rng = np.random.default_rng(4)
    given = randomised_labels(labels, num_classes, 1.2, rng)
    counts = np.bincount(given, minlength=num_classes) / len(labels)
    # e^1.2 = 3.3201: kept 3.3201 / 4.3201 of two classes, 3.3201 / 7.3201 of five
    kept = 3.3201 / (3.3201 + num_classes - 1)
    assert keep_probability(num_classes, 1.2) == pytest.approx(kept, abs=1e-4)
    expected = np.full(num_classes, (1 - kept) / (num_classes - 1))
    expected[1] = kept
    np.testing.assert_allclose(counts, expected, atol=5 * 0.5 / sqrt(len(labels)))
    assert given.dtype == labels.dtype and (labels == 1).all()
    # the odds of a label under two truths are e^ε at most
    assert log(kept / expected[0]) == pytest.approx(1.2, abs=1e-3)


def test_large_epsilon_keeps_all_labels() -> None:
    labels = np.arange(10).reshape(2, 5)
    same = randomised_labels(labels, 10, 800.0, np.random.default_rng(0))
    assert same.tolist() == labels.tolist()


def test_partners_tell_other_labels_the_same_on_all_ranks() -> None:
    """e^2 ÷ (e^2 + 9) = 0.4509 of 1,437 labels are kept, give or take 0.013."""
    targets = DATA.samples().train_targets
    chain = Chain((LabelDp(epsilon=2.0),))
    told = chain.labels(targets, DATA, seed=1)
    assert chain.changes_labels
    assert (told == targets).mean() == pytest.approx(0.4509, abs=0.05)
    assert (told == chain.labels(targets, DATA, seed=1)).all()
    assert (told != chain.labels(targets, DATA, seed=2)).any()


def test_the_guarantee_is_of_the_label_alone_and_of_any_length() -> None:
    short, long = (LabelDp(epsilon=2.0).guarantee(EVERYONE, merges) for merges in (1, 1000))
    assert short == long
    assert (long.epsilon, long.delta, long.unit) == (2.0, 0.0, "label of an example")


def test_refuses_what_has_no_meaning() -> None:
    with pytest.raises(ValueError, match=r"^epsilon must be"):
        LabelDp(epsilon=0.0)
    with pytest.raises(ValueError, match="needs samples of two classes"):
        LabelDp(epsilon=1.0).check_data(REGRESSION)
    LabelDp(epsilon=1.0).check_data(DATA)
