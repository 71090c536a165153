"""`python -m runners.contribution`: what it writes, and that nothing trained is lost."""

import json
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pandas as pd
import pytest
from matplotlib.image import imread

from runners.contribution.command import study_in
from runners.contribution.kept_values import NAME, KeptValues
from runners.contribution.summary import summarise
from runners.options import ConfigError
from sim.learner import Evaluation
from tests.runners.contribution.studies import DIGITS, FLIPPED, node_of

METHODS = ["exact", "monte_carlo", "one_round", "every_round", "alignment"]


def test_a_study_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study_in(tmp_path, node_of(*FLIPPED, "budget.num_epochs=8"))
    partners = pd.read_csv(tmp_path / "contribution.csv")
    methods = pd.read_csv(tmp_path / "methods.csv")
    whole = json.loads((tmp_path / "contribution.json").read_text())
    assert methods["method"].tolist() == METHODS
    assert methods["num_trained"].tolist() == [8, 8, 1, 1, 1]
    gained = whole["value_of_all"] - whole["value_of_nobody"]
    for method in METHODS:
        assert partners[method].sum() == pytest.approx(gained, abs=0.02)
    assert partners["is_malicious"].tolist() == [False, False, True]
    assert partners["exact"].idxmin() == 2
    for rule in ("equal", "by_data", "by_contribution"):
        assert partners[f"paid_{rule}_usd"].sum() == pytest.approx(1000)
    assert imread(tmp_path / "contribution.png").std() > 0.1
    assert "p2 (malicious)" in (tmp_path / "report.md").read_text()
    printed = capsys.readouterr().out
    assert "1,000.00 USD divided" in printed and str(tmp_path / "report.md") in printed


def test_a_study_goes_on_with_what_was_trained(tmp_path: Path) -> None:
    node = node_of()
    study_in(tmp_path, node)
    first, kept = (tmp_path / "contribution.csv").read_bytes(), (tmp_path / NAME).read_text()
    study_in(tmp_path, node)  # trains nothing
    assert ((tmp_path / NAME).read_text(), (tmp_path / "contribution.csv").read_bytes()) == (
        kept,
        first,
    )
    (tmp_path / NAME).write_text("\n".join(kept.splitlines()[:3]) + '\n{"coalition": 7, "lo')
    study_in(tmp_path, node)  # a write was cut off
    assert len((tmp_path / NAME).read_text().splitlines()) == 1 + 8
    again = pd.read_csv(tmp_path / "contribution.csv")["exact"]
    assert again.tolist() == pytest.approx(pd.read_csv(BytesIO(first))["exact"], abs=0.005)


def test_another_run_s_coalitions_are_not_taken(tmp_path: Path) -> None:
    KeptValues(tmp_path, "abc").add([3], [Evaluation(loss=0.5, accuracy=0.75)])
    assert KeptValues(tmp_path, "abc").known == {3: Evaluation(loss=0.5, accuracy=0.75)}
    with pytest.raises(ConfigError, match=r"has the coalitions of another run; take another"):
        study_in(tmp_path, node_of())


def test_more_partners_than_are_exact_are_sampled(tmp_path: Path) -> None:
    ten = ("scenario.num_partners=10", "partition=iid")
    study_in(tmp_path, node_of(*ten, max_orders=2, round_orders=2, truncation_fraction=0.5))
    partners = pd.read_csv(tmp_path / "contribution.csv")
    assert "exact" not in partners and partners["monte_carlo_standard_error"].notna().all()
    methods = pd.read_csv(tmp_path / "methods.csv")
    assert methods["num_orders"][0] == 2 and 2 < methods["num_trained"][0] <= 2 + 2 * 10


@pytest.mark.parametrize(("metric", "factor", "decimals"), [("loss", 1, 3), ("accuracy", 100, 1)])
def test_a_sweep_has_means_over_seeds(
    tmp_path: Path, metric: str, factor: int, decimals: int
) -> None:
    for seed in (0, 1):
        (tmp_path / str(seed)).mkdir()
        study_in(tmp_path / str(seed), node_of(f"seed={seed}", metric=metric))
    summarise(tmp_path)
    rows = pd.read_csv(tmp_path / "summary.csv")
    assert rows["seed"].tolist() == [0, 0, 0, 1, 1, 1]
    mean = factor * rows[rows["partner"] == "p1"]["exact"].mean()
    report = (tmp_path / "report.md").read_text().replace("−", "-")
    assert f"| p1 | 2 | {mean:.{decimals}f} ± " in report


def test_an_empty_folder_has_no_summary(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="has no study that ended"):
        summarise(tmp_path)


def test_mistakes_are_told_in_a_sentence(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "runners.contribution", *DIGITS, "compression=int8"]
    done = subprocess.run(
        [*command, f"hydra.run.dir={tmp_path}"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: compression must be none for contributions")
