import pandas as pd

from runners.report.curves import MAX_POINTS, accuracy_curves, is_wide
from runners.report.load import load_sweep


def test_mean_of_two_step_functions_by_hand(sweep):
    for seed, (times, accuracies) in enumerate(
        [([0, 2, 4], [0.1, 0.5, 0.9]), ([0, 3], [0.3, 0.7])]
    ):
        run_dir = sweep.finished("solo", seed)
        _replace_rounds(run_dir / "rounds.parquet", times, accuracies)
    (curve,) = accuracy_curves(load_sweep(sweep.folder), "end_sim_s")
    assert curve.x.tolist() == [0, 2, 3, 4]
    # at 2: (0.5 + 0.3) / 2; at 3: (0.5 + 0.7) / 2; at 4 the second run, which ended at 3, keeps 0.7
    assert curve.y.round(9).tolist() == [0.2, 0.4, 0.6, 0.8]


def test_long_curves_are_thinned_and_keep_their_ends(sweep):
    run_dir = sweep.finished("solo", 0)
    _replace_rounds(run_dir / "rounds.parquet", list(range(5000)), [0.5] * 4999 + [0.9])
    (curve,) = accuracy_curves(load_sweep(sweep.folder), "end_sim_s")
    assert len(curve.x) == MAX_POINTS
    assert (curve.x[0], curve.x[-1], curve.y[-1]) == (0, 4999, 0.9)


def test_wide_values_ask_for_a_logarithmic_axis():
    assert is_wide([0.1, 30.0])
    assert not is_wide([10.0, 30.0])
    assert not is_wide([0.0, 30.0])
    assert not is_wide([])


def _replace_rounds(path, times, accuracies):
    rounds = {
        "round": range(len(times)),
        "end_sim_s": times,
        "num_bytes": times,
        "test_accuracy": accuracies,
    }
    pd.DataFrame(rounds).to_parquet(path)
