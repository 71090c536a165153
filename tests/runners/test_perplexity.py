"""Perplexity and bytes of a sweep, held against per-step allreduce by seed."""

import math
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from runners.job import CONF
from runners.perplexity import FILE_NAME, compare_perplexity
from tests.runners.report.conftest import SweepFactory


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a sweep of two modes and two seeds; a loss is 1 - accuracy."""
    sweep = SweepFactory(folder=tmp_path)
    for seed, (allreduce, diloco) in enumerate([(0.5, 0.48), (0.5, 0.52)]):
        sweep.finished("partner/allreduce", seed, accuracy=allreduce, virtual={"num_bytes": 8e8})
        sweep.finished("partner/diloco", seed, accuracy=diloco, virtual={"num_bytes": 1.6e7})
    return tmp_path


def test_ratios_are_by_seed(folder: Path) -> None:
    runs, baseline = compare_perplexity(folder)
    assert baseline == "partner/allreduce"
    diloco = runs[runs["label"] == "partner/diloco"].sort_values("seed")
    assert diloco["test_loss"].tolist() == pytest.approx([0.52, 0.48])
    assert diloco["perplexity"].tolist() == pytest.approx([1.6820276, 1.6160744])  # exp(loss)
    # exp(0.52) / exp(0.5) = exp(0.02) = 1.02020, and its inverse 0.98020
    assert diloco["perplexity_ratio"].tolist() == pytest.approx([math.exp(0.02), math.exp(-0.02)])
    # 16 MB over 4 partners; 16 / 800 = 0.02
    assert diloco["bytes_per_partner"].tolist() == [4e6, 4e6]
    assert diloco["bytes_ratio"].tolist() == pytest.approx([0.02, 0.02])


def test_the_file_holds_what_is_returned(folder: Path) -> None:
    runs, _ = compare_perplexity(folder)
    pd.testing.assert_frame_equal(pd.read_csv(folder / FILE_NAME), runs.reset_index(drop=True))


def test_a_seed_without_a_baseline_has_no_ratio(folder: Path) -> None:
    SweepFactory(folder=folder, num_runs=4).finished("partner/diloco", 2)
    runs, _ = compare_perplexity(folder)
    alone = runs[runs["seed"] == 2]
    assert alone["perplexity_ratio"].isna().all()
    assert alone["perplexity"].notna().all()


def test_refuses_a_sweep_that_learned_nothing(tmp_path: Path) -> None:
    SweepFactory(folder=tmp_path).finished("partner/allreduce", 0, learner="none")
    with pytest.raises(ValueError, match="no finished run with a test loss; make one with"):
        compare_perplexity(tmp_path)


def test_command_prints_ratios_with_four_decimals(folder: Path) -> None:
    command = [sys.executable, "-m", "runners.perplexity", str(folder)]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd=CONF.parent,
        env={"COLUMNS": "200"},
    )
    assert done.returncode == 0
    # The geometric mean of 1.0202 and 0.9802 is 1.
    assert "1.0000 [0.7756 to 1.2893]" in done.stdout
    assert "0.0200" in done.stdout
    assert str(folder / FILE_NAME) in done.stdout


def test_command_tells_an_empty_folder_in_a_sentence(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "runners.perplexity", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=CONF.parent)
    assert done.returncode == 2
    assert done.stderr.startswith("error: no run found in")
