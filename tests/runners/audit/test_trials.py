"""AUC, rates and their intervals, by hand and against scipy and scikit-learn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import roc_auc_score

from runners.audit.trials import (
    MAX_POINTS,
    area_under_curve,
    chance,
    detection,
    exact_bounds,
    judge,
    mean_of,
    proportion,
)

scores = st.lists(st.integers(0, 9), min_size=2, max_size=30).map(np.array)


def test_area_and_its_interval_by_hand() -> None:
    # 3 is above both negatives, 2 above one of them: (1 + 0.5) / 2 = 0.75; likewise 1 is below both
    # positives, 2.5 below one. The variances are those of (1, 0.5), 0.125, over 2 each: together
    # 0.125, whose root times 1.96 is 0.693.
    area = area_under_curve(np.array([3.0, 2.0]), np.array([1.0, 2.5]))
    assert area.value == 0.75
    assert area.low == pytest.approx(0.75 - 1.959964 * 0.125**0.5)
    assert area.high == 1.0


@given(scores, scores)
def test_area_is_scikit_learn_s(positives: np.ndarray, negatives: np.ndarray) -> None:
    labels = np.r_[np.ones(len(positives)), np.zeros(len(negatives))]
    area = area_under_curve(positives, negatives)
    assert area.value == pytest.approx(roc_auc_score(labels, np.r_[positives, negatives]))
    assert 0 <= area.low <= area.value <= area.high <= 1


def test_the_interval_of_the_area_is_the_bootstrap_s() -> None:
    rng = np.random.default_rng(0)
    positives, negatives = rng.normal(0.7, 1.0, 150), rng.normal(0.0, 2.0, 120)
    again = [
        area_under_curve(rng.choice(positives, 150), rng.choice(negatives, 120)).value
        for _ in range(500)
    ]
    area = area_under_curve(positives, negatives)
    assert [area.low, area.high] == pytest.approx(np.quantile(again, [0.025, 0.975]), abs=0.015)


def test_faultless_scores_still_have_an_interval() -> None:
    # 3 disjoint pairs, all right: the lower end is the root of x³ = 0.025
    area = area_under_curve(np.array([5.0, 6.0, 7.0]), np.array([1.0, 2.0, 3.0, 4.0]))
    assert area.value == area.high == 1.0
    assert area.low == pytest.approx(0.025 ** (1 / 3))
    wrong = area_under_curve(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    assert wrong.value == wrong.low == 0.0
    assert wrong.high == pytest.approx(1 - 0.025 ** (1 / 2))


@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_proportions_are_clopper_and_pearson_s(counts: tuple[int, int]) -> None:
    ours = proportion(*counts)
    theirs = stats.binomtest(*counts).proportion_ci(0.95, method="exact")
    assert ours.value == counts[0] / counts[1]
    assert [ours.low, ours.high] == pytest.approx([theirs.low, theirs.high], abs=1e-9)


def test_many_proportions_are_the_single_ones() -> None:
    low, high = exact_bounds(np.arange(6), 5)
    assert low[0] == 0.0 and high[5] == 1.0
    assert low[3] == proportion(3, 5).low and high[2] == proportion(2, 5).high


def test_detection_counts_what_is_above_the_allowed_negatives() -> None:
    # 200 negatives 0 to 199 allow 2 at 1 %: the third highest, 197, is the threshold
    found = detection(np.array([197.0, 197.5, 198.0, 250.0]), np.arange(200.0), 0.01)
    assert (found.num_true_positives, found.num_false_positives) == (3, 2)
    assert found.rate.value == 0.75
    # at 0.1 % none may be wrong: the highest, 199, is the threshold
    found = detection(np.array([197.0, 199.0, 199.5]), np.arange(200.0), 0.001)
    assert (found.num_true_positives, found.num_false_positives) == (1, 0)


def test_ties_count_for_no_positive() -> None:
    found = detection(np.zeros(5), np.zeros(100), 0.01)
    assert (found.num_true_positives, found.num_false_positives) == (0, 0)


@pytest.mark.parametrize(("num_negatives", "allowed"), [(3000, 3), (2999, 2)])
def test_one_in_a_thousand_of_thousands(num_negatives: int, allowed: int) -> None:
    negatives = np.arange(float(num_negatives))
    assert detection(negatives, negatives, 0.001).num_false_positives == allowed


def test_chance_by_hand() -> None:
    # 2 positives and 2 negatives in a random order, none may be wrong. The first is a negative:
    # 1/2, a positive and then a negative: 1/2 · 2/3 = 1/3, both positives: 1/2 · 1/3 = 1/6.
    assert chance(0, 2, 2, 0)[2] == pytest.approx(1.0)
    assert chance(1, 2, 2, 0)[2] == pytest.approx(1 / 2)
    assert chance(2, 2, 2, 0) == pytest.approx((0.0, 1.0, 1 / 6))


def test_chance_is_what_random_scores_do() -> None:
    rng = np.random.default_rng(0)
    drawn = [
        detection(rng.random(100), rng.random(300), 0.01).num_true_positives for _ in range(1000)
    ]
    low, high, _ = chance(0, 100, 300, 3)
    assert np.mean([low * 100 <= one <= high * 100 for one in drawn]) > 0.94
    for count in (1, 3, 6):
        share = np.mean([one >= count for one in drawn])
        assert chance(count, 100, 300, 3)[2] == pytest.approx(share, abs=0.03)


def test_a_mean_has_student_s_interval() -> None:
    # mean 2, deviation 1, t(0.975; 2) = 4.303: 4.303 / √3 = 2.484
    mean = mean_of([1.0, 2.0, 3.0])
    assert (mean.value, mean.low, mean.high) == pytest.approx((2.0, -0.484, 4.484), abs=1e-3)
    assert mean_of([5.0]).low == mean_of([5.0]).high == 5.0


def test_a_curve_is_kept_short_and_whole() -> None:
    rng = np.random.default_rng(0)
    curve = judge(rng.normal(1, 1, 2000), rng.normal(0, 1, 2000)).curve
    false, true = np.array(curve.false_positive_rate), np.array(curve.true_positive_rate)
    assert len(false) <= MAX_POINTS
    assert (false[0], true[0], false[-1], true[-1]) == (0, 0, 1, 1)
    assert (np.diff(false) >= 0).all() and (np.diff(true) >= 0).all()
    assert np.trapezoid(true, false) == pytest.approx(stats.norm.cdf(2**-0.5), abs=0.03)


def test_refuses_to_judge_a_single_trial() -> None:
    with pytest.raises(ValueError, match="at least 2 positives and 2 negatives"):
        judge(np.ones(1), np.ones(5))
