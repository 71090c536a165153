"""What a report shows of fairness: figures of the records, and nothing where there are none."""

import json
from pathlib import Path

from runners.report.compare import compare_runs
from runners.report.fairness_figures import fairness_tables
from runners.report.load import load_sweep
from runners.report.table import summary_tables
from runners.report.units import DASH


def told(run: Path, *, gap: float, lowest: str) -> None:
    """Give a run's record the figures of two groups, of which one has the lowest accuracy."""
    path = run / "record.json"
    record = json.loads(path.read_text())
    groups = {
        name: {"num_samples": 5, "accuracy": 0.5 if name == lowest else 0.5 + gap}
        for name in ("Female", "Male")
    }
    figures = {
        "accuracy_gap": gap,
        "demographic_parity_difference": 2 * gap,
        "equalised_odds_difference": 3 * gap,
        "groups": groups,
    }
    record["metrics"]["fairness"] = {"accuracy_gap": 4 * gap, "attributes": {"sex": figures}}
    path.write_text(json.dumps(record))


def test_gaps_are_means_over_runs(sweep) -> None:
    for seed, gap in enumerate((0.1, 0.1)):
        told(sweep.finished("solo", seed), gap=gap, lowest="Male")
    (table,) = fairness_tables(load_sweep(sweep.folder))
    assert table.rows == (("solo", "sex", "Male", "2", "10.0 ± 0", "20.0 ± 0", "30.0 ± 0"),)


def test_what_more_than_two_classes_lack_is_a_dash(sweep) -> None:
    run = sweep.finished("solo", 0)
    told(run, gap=0.1, lowest="Male")
    record = json.loads((run / "record.json").read_text())
    sex = record["metrics"]["fairness"]["attributes"]["sex"]
    sex["demographic_parity_difference"] = sex["equalised_odds_difference"] = None
    (run / "record.json").write_text(json.dumps(record))
    (table,) = fairness_tables(load_sweep(sweep.folder))
    assert table.rows == (("solo", "sex", "Male", "1", "10.0", DASH, DASH),)


def test_the_gap_between_partners_is_a_figure_of_the_mode(sweep) -> None:
    told(sweep.finished("solo", 0, virtual={"participation_jain": 0.8}), gap=0.1, lowest="Male")
    found = load_sweep(sweep.folder)
    tables = {table.title: table for table in summary_tables(found, compare_runs(found.runs))}
    assert tables["Fairness"].rows == (("solo (floor)", "1", "0.800", "40.0 %"),)


def test_even_participation_is_left_out(sweep) -> None:
    sweep.finished("solo", 0, virtual={"participation_jain": 1.0})
    found = load_sweep(sweep.folder)
    titles = [table.title for table in summary_tables(found, compare_runs(found.runs))]
    assert "Quality" in titles and "Fairness" not in titles
    assert fairness_tables(found) == []
