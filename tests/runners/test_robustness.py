"""Accuracy and backdoor success of a sweep, by attack and defence."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from runners.job import CONF
from runners.report.load import load_sweep
from runners.report.units import DASH
from runners.robustness import FILE_NAME, robustness_table, tabulate
from tests.runners.report.conftest import SweepFactory

ACCURACIES = {
    ("none", "mean", "none"): (0.95, 0.93),
    ("ipm", "mean", "none"): (0.55, 0.43),
    ("none", "krum", "none"): (0.85, 0.83),
    ("ipm", "krum", "none"): (0.80, 0.80),
    ("none", "mean", "clip"): (0.90, 0.88),
}


def add(
    sweep: SweepFactory,
    seed: int,
    accuracy: float,
    *,
    attack: str = "none",
    aggregation: str = "mean",
    privacy: str = "none",
    mode: str = "proxy/federated",
    backdoor: dict[str, float] | None = None,
    **settings: Any,
) -> None:
    """Add a run with settings of its attack."""
    folder = sweep.finished(
        mode,
        seed,
        accuracy=accuracy,
        names={"attack": attack, "aggregation": aggregation, "privacy": privacy},
        config={
            "attack": {"_target_": attack} | settings,
            "aggregation": {"_target_": aggregation},
            "privacy": {privacy: {"_target_": privacy}},
        },
    )
    path = folder / "record.json"
    record = json.loads(path.read_text())
    record["metrics"]["backdoor"] = backdoor
    path.write_text(json.dumps(record))


@pytest.fixture
def sweep(tmp_path: Path) -> SweepFactory:
    """Return runs of two seeds; krum and clipping have no backdoor run."""
    made = SweepFactory(folder=tmp_path)
    for (attack, aggregation, privacy), accuracies in ACCURACIES.items():
        for seed, accuracy in enumerate(accuracies):
            add(made, seed, accuracy, attack=attack, aggregation=aggregation, privacy=privacy)
    for seed, success in enumerate((0.9, 0.7)):
        figures = {"success": success, "success_without_trigger": 0.01}
        add(made, seed, 0.94, attack="backdoor", backdoor=figures)
    return made


def rows_of(folder: Path) -> tuple[tuple[str, ...], dict[tuple[str, str], tuple[str, ...]]]:
    """Return the columns, and the cells by attack and figure."""
    table = robustness_table(tabulate(load_sweep(folder)))
    return table.columns, {(row[0], row[1]): row[2:] for row in table.rows}


def test_a_row_for_each_run(sweep: SweepFactory) -> None:
    runs = tabulate(load_sweep(sweep.folder)).set_index(["attack", "defence", "seed"])
    assert len(runs) == 12
    attacked = runs.loc["ipm", "mean"]
    assert attacked["accuracy"].tolist() == pytest.approx([0.55, 0.43])
    assert attacked["accuracy_lost"].tolist() == pytest.approx([0.4, 0.5])  # 0.95 - 0.55, …
    assert runs.loc["ipm", "krum"]["accuracy_lost"].tolist() == pytest.approx([0.05, 0.03])
    assert runs.loc["none", "mean + clip"]["accuracy_lost"].tolist() == [0.0, 0.0]
    assert runs.loc["backdoor", "mean"]["backdoor_success"].tolist() == [0.9, 0.7]
    assert runs.loc["ipm"]["backdoor_success"].isna().all()


def test_the_table_has_means_by_attack_and_defence(sweep: SweepFactory) -> None:
    columns, cells = rows_of(sweep.folder)
    assert columns == ("attack", "figure", "mean", "mean + clip", "krum")
    assert [name for name, _ in cells] == ["none", *["backdoor"] * 3, "ipm"]
    # half width of two values a and b: 12.706 |a - b| / 2
    assert cells["ipm", "accuracy"] == ("49.0 ± 76.2 %", DASH, "80.0 ± 0 %")
    assert cells["none", "accuracy"][1:] == ("89.0 ± 12.7 %", "84.0 ± 12.7 %")
    assert cells["backdoor", "backdoor success"][0].startswith("80.0 ± ")
    assert cells["backdoor", "… without the trigger"][0].startswith("1.0 ± 0 ")


def test_the_file_holds_what_is_returned(sweep: SweepFactory) -> None:
    runs = tabulate(load_sweep(sweep.folder))
    written = pd.read_csv(
        sweep.folder / FILE_NAME, dtype={"run": str}, keep_default_na=False, na_values=[""]
    )
    pd.testing.assert_frame_equal(written, runs, check_dtype=False)


def test_settings_that_differ_make_rows_of_their_own(tmp_path: Path) -> None:
    made = SweepFactory(folder=tmp_path)
    for epsilon, accuracy in ((0.5, 0.9), (10.0, 0.1)):
        add(made, 0, accuracy, attack="ipm", epsilon=epsilon, fraction=0.25)
    _, cells = rows_of(tmp_path)
    assert cells["ipm epsilon=0.5", "accuracy"] == ("90.0 %",)
    assert cells["ipm epsilon=10.0", "accuracy"] == ("10.0 %",)


def test_without_an_honest_run_nothing_is_known_to_be_lost(tmp_path: Path) -> None:
    made = SweepFactory(folder=tmp_path)
    add(made, 0, 0.5, attack="ipm")
    assert tabulate(load_sweep(tmp_path))["accuracy_lost"].isna().all()


def test_a_seed_that_is_missing_shows(sweep: SweepFactory) -> None:
    add(sweep, 2, 0.94)
    _, cells = rows_of(sweep.folder)
    assert cells["ipm", "accuracy"][0].endswith("(n=2)")
    assert not cells["none", "accuracy"][0].endswith(")")


def test_refuses_runs_that_differ_in_something_else(sweep: SweepFactory) -> None:
    add(sweep, 0, 0.5, attack="ipm", mode="proxy/fedbuff")
    with pytest.raises(ValueError, match=r"differ in attack, .* got 12 and 2, which"):
        tabulate(load_sweep(sweep.folder))


def test_refuses_a_sweep_that_learned_nothing(tmp_path: Path) -> None:
    SweepFactory(folder=tmp_path).finished("proxy/federated", 0, learner="none")
    with pytest.raises(ValueError, match="no finished run with an accuracy; make one with"):
        tabulate(load_sweep(tmp_path))


def test_command_prints_the_table_and_what_failed(sweep: SweepFactory) -> None:
    sweep.failed("proxy/hierarchical", 1, "needs at least 5 updates [krum]")
    command = [sys.executable, "-m", "runners.robustness", str(sweep.folder)]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd=CONF.parent,
        env={"COLUMNS": "200"},
    )
    assert done.returncode == 0
    assert "49.0 ± 76.2 %" in done.stdout
    assert "needs at least 5 updates [krum]" in done.stdout
    assert str(sweep.folder / FILE_NAME) in done.stdout


def test_command_tells_an_empty_folder_in_a_sentence(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "runners.robustness", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=CONF.parent)
    assert done.returncode == 2
    assert done.stderr.startswith("error: no run found in")
