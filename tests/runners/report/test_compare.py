import math

import pandas as pd
import pytest
from scipy import stats

from runners.report.compare import Difference, compare_runs, estimate_mean, paired_difference
from runners.report.quantities import (
    ACCURACY,
    BYTES,
    COST,
    ENERGY,
    THROUGHPUT,
    TIME_TO_TARGET,
    Quantity,
)
from runners.report.table import reading_of


def _runs(**columns: list[object]) -> pd.DataFrame:
    """Return finished runs as a comparison reads them; `label` and `seed` are needed."""
    num_runs = len(columns["label"])
    defaults = {
        "status": ["finished"] * num_runs,
        "accuracy": [0.9] * num_runs,
        "target_accuracy": [0.9] * num_runs,
        "samples_per_sim_s": [1000.0] * num_runs,
    }
    others = (
        "macro_f1",
        "roc_auc",
        "time_to_target_sim_s",
        "total_sim_s",
        "num_bytes",
        "bytes_to_target",
        "cost_usd",
        "energy_joules",
        "epsilon",
        "reidentification_risk",
        "linkage_success",
        "certainty_penalty",
        "num_dropped",
        "participation_jain",
        "partner_accuracy_gap",
    )
    return pd.DataFrame(dict.fromkeys(others, [math.nan] * num_runs) | defaults | columns)


def _two_modes(column: str, ours: list[float], theirs: list[float]) -> pd.DataFrame:
    seeds = list(range(len(ours)))
    labels = ["ours"] * len(ours) + ["theirs"] * len(theirs)
    return _runs(label=labels, seed=seeds + seeds, **{column: ours + theirs})


def test_mean_and_half_width_by_hand():
    # mean 2, s = 1, t(0.975, 2) = 4.302653: half width 4.302653 / sqrt(3) = 2.484138
    estimate = estimate_mean([1.0, 2.0, 3.0], num_runs=3)
    assert estimate.mean == pytest.approx(2.0)
    assert estimate.half_width == pytest.approx(2.484138, abs=1e-6)


def test_one_seed_has_a_mean_but_no_interval():
    estimate = estimate_mean([0.9], num_runs=1)
    assert (estimate.mean, estimate.half_width) == (0.9, None)


def test_equal_values_have_an_interval_of_width_zero():
    assert estimate_mean([0.1, 0.1, 0.1], num_runs=3).half_width == 0.0


def test_paired_difference_by_hand():
    # differences 0.01, 0.02, 0.03: mean 0.02, s = 0.01, half width 0.0430265 / sqrt(3) = 0.0248414
    runs = _two_modes("accuracy", [0.81, 0.92, 0.73], [0.80, 0.90, 0.70])
    difference = paired_difference(runs, "ours", "theirs", ACCURACY, is_ratio=False)
    assert difference.mean.value == pytest.approx(0.02)
    assert difference.mean.low == pytest.approx(0.02 - 0.02484138)
    assert difference.mean.high == pytest.approx(0.02 + 0.02484138)
    assert difference.num_seeds == 3
    assert not difference.is_told


def test_p_value_is_that_of_scipy():
    ours, theirs = [0.91, 0.93, 0.90, 0.95], [0.90, 0.90, 0.88, 0.91]
    difference = paired_difference(
        _two_modes("accuracy", ours, theirs), "ours", "theirs", ACCURACY, is_ratio=False
    )
    assert difference.mean.p_value == pytest.approx(stats.ttest_rel(ours, theirs).pvalue)


def test_ratio_is_a_geometric_mean_with_its_interval_on_logarithms():
    # ratios 2 and 8: logs ln 2 and ln 8, mean ln 4, s = ln 8 - ln 2 over sqrt(2) = 0.980258,
    # half width t(0.975, 1) = 12.706205 x 0.980258 / sqrt(2) = 8.807270
    runs = _two_modes("samples_per_sim_s", [200.0, 800.0], [100.0, 100.0])
    mean = paired_difference(runs, "ours", "theirs", THROUGHPUT, is_ratio=True).mean
    assert mean.value == pytest.approx(4.0)
    assert mean.low == pytest.approx(4.0 / math.exp(8.807270), rel=1e-5)
    assert mean.high == pytest.approx(4.0 * math.exp(8.807270), rel=1e-5)


def test_equal_differences_are_told_without_a_p_value():
    runs = _two_modes("samples_per_sim_s", [200.0, 600.0], [100.0, 300.0])
    difference = paired_difference(runs, "ours", "theirs", THROUGHPUT, is_ratio=True)
    assert difference.mean.low == difference.mean.high == pytest.approx(2.0)
    assert difference.mean.p_value is None
    assert difference.mean.note == "same in every seed"
    assert difference.is_told


def test_only_seeds_that_both_finished_are_paired():
    runs = _runs(label=["ours", "ours", "theirs"], seed=[0, 1, 1], accuracy=[0.5, 0.9, 0.8])
    difference = paired_difference(runs, "ours", "theirs", ACCURACY, is_ratio=False)
    assert difference.mean.value == pytest.approx(0.1)
    assert (difference.num_seeds, difference.mean.note) == (1, "one seed: no interval")


def test_time_to_target_pairs_only_seeds_that_both_reached():
    runs = _two_modes("time_to_target_sim_s", [12.0, 15.0, math.nan], [10.0, math.nan, 11.0])
    difference = paired_difference(runs, "ours", "theirs", TIME_TO_TARGET, is_ratio=False)
    assert (difference.mean.value, difference.num_seeds) == (2.0, 1)


def test_target_that_nobody_reached_together_is_said():
    runs = _two_modes("time_to_target_sim_s", [12.0, math.nan], [math.nan, 11.0])
    difference = paired_difference(runs, "ours", "theirs", TIME_TO_TARGET, is_ratio=False)
    assert difference.mean.value is None
    assert difference.mean.note == "no seed where both reached it"


def test_no_ratio_to_a_mode_that_moves_nothing():
    runs = _two_modes("num_bytes", [0.0, 0.0], [100.0, 100.0])
    difference = paired_difference(runs, "ours", "theirs", BYTES, is_ratio=True)
    assert difference.mean.value is None
    assert difference.mean.note == "no ratio: 0 for ours"


def test_missed_target_has_a_count_and_no_mean():
    runs = _runs(label=["solo"] * 3, seed=[0, 1, 2], time_to_target_sim_s=[5.0, math.nan, math.nan])
    estimate = compare_runs(runs).summary_of("solo").estimates["time_to_target_sim_s"]
    assert (estimate.mean, estimate.num_missed, estimate.num_values) == (None, 2, 1)


def test_failed_run_counts_as_a_run_but_not_as_a_value():
    runs = _runs(label=["solo"] * 2, seed=[0, 1], accuracy=[0.8, math.nan])
    runs["status"] = ["finished", "failed"]
    summary = compare_runs(runs).summary_of("solo")
    assert (summary.num_runs, summary.num_finished) == (2, 1)
    assert summary.estimates["accuracy"].mean == 0.8


@pytest.mark.parametrize(
    ("labels", "baseline"),
    [(["pool", "partner/allreduce"], "partner/allreduce"), (["pool", "solo"], "pool")],
)
def test_baseline_is_allreduce_or_else_the_first(labels, baseline):
    comparison = compare_runs(_runs(label=labels, seed=[0, 0]))
    assert comparison.baseline == baseline
    assert {difference.label for difference in comparison.differences} == set(labels) - {baseline}


def test_nothing_finished_leaves_nothing_to_compare():
    runs = _runs(label=["solo"], seed=[0])
    runs["status"] = "failed"
    comparison = compare_runs(runs)
    assert (comparison.baseline, comparison.differences) == (None, ())


@pytest.mark.parametrize("quantity", [BYTES, COST])
def test_less_is_better_for_bytes_and_cost(quantity: Quantity):
    runs = _two_modes(quantity.column, [50.0, 51.0, 52.0], [100.0, 101.0, 104.0])
    difference: Difference = paired_difference(runs, "ours", "theirs", quantity, is_ratio=True)
    assert reading_of(difference) == "better"


def test_modes_are_compared_by_cost_and_not_by_energy():
    runs = _two_modes("cost_usd", [2.0, 6.0], [1.0, 3.0]).assign(energy_joules=1.0)
    differences = {one.quantity: one for one in compare_runs(runs).differences}
    assert differences[COST].mean.value == pytest.approx(0.5)  # the first label is the baseline
    assert differences[COST].is_ratio and ENERGY not in differences
