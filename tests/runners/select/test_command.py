"""`python -m runners.select`: what it writes, and how mistakes are told."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from omegaconf import OmegaConf

from runners.job import CONF
from runners.options import ConfigError
from runners.select.candidates import SHIPPED
from runners.select.command import select_in


def node_of(*overrides: str) -> dict[str, Any]:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        node = OmegaConf.to_container(hydra_compose("select", list(overrides)), resolve=True)
    assert isinstance(node, dict)
    return {str(key): value for key, value in node.items()}


def test_a_choice_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    choice = select_in(tmp_path, node_of())
    candidates, sets = (pd.read_csv(tmp_path / f"{one}.csv") for one in ("candidates", "sets"))
    assert candidates["topsis_rank"].tolist() == sorted(candidates["topsis_rank"])
    assert set(candidates[candidates["is_chosen"]]["name"]) == {"harbour", "delta"}
    assert len(sets) == choice.num_sets == 20
    chosen = sets[sets["remark"].fillna("").str.contains("chosen")].iloc[0]
    assert chosen["members"] == "harbour delta" and chosen["price_usd"] == 1200
    assert chosen["cost_usd"] == pytest.approx(1200 + chosen["run_usd"])
    assert sets["total_sim_s"].max() > 2 * sets["total_sim_s"].min()
    printed = " ".join(capsys.readouterr().out.split())
    times = chosen["total_sim_s"] / sets["total_sim_s"].min()
    assert f"Who goes by TOPSIS takes {times:.2f}× the time of the fastest minimal set" in printed


def test_every_set_does_the_same_work(tmp_path: Path) -> None:
    choice = select_in(tmp_path, node_of("select.target.classes=null"))
    assert len({found.num_samples for found in choice.consequences.values()}) > 3
    for found in choice.consequences.values():
        # 3 passes over all 54,000 samples; the last round of 20 steps of 32 each may go beyond
        assert 0 <= found.num_trained - 162_000 < 640 * len(found.members)


def test_a_ranking_that_breaks_a_limit_is_said_to(tmp_path: Path) -> None:
    choice = select_in(tmp_path, node_of("select.target.max_price_usd=900"))
    assert choice.chosen is None and choice.verdict.startswith("Who goes by TOPSIS alone breaks")
    assert all(found.price_usd <= 900 for found in choice.consequences.values())


def test_weights_decide(tmp_path: Path) -> None:
    cheap = node_of("select.method=weighted", "select.criteria.price_usd.weight=100")
    choice = select_in(tmp_path, cheap)
    best = choice.scores["weighted"].argmax()
    assert choice.candidates[best].name == "island"
    assert choice.chosen is not None and best in choice.chosen


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (("select.file=nowhere.csv",), "select.file must be a CSV file, got 'nowhere.csv'"),
        (
            ("select.criteria.price_usd.weight=-1",),
            "select.criteria.price_usd.weight must be finite and at least 0, got -1",
        ),
        (("select.criteria.price_usd.better=cheap",), "better must be one of higher, lower"),
        (
            ("+select.criteria.beauty={weight:1.0,better:higher}",),
            "select.criteria.beauty must be a column of numbers of select.file",
        ),
        (("select.target.num_samples=60000",), "can't be met even by all 8 candidates"),
        (("select.target.num_samples=many",), "select.target.num_samples must be a valid integer"),
        (("select.method=dice",), "select.method must be one of topsis, weighted"),
        (("task=digits_mlp", "learner=none"), "task must be one by numbers"),
        (("mode.local_steps=0",), "mode.local_steps must be at least 1"),
    ],
)
def test_mistakes_are_told(tmp_path: Path, overrides: tuple[str, ...], message: str) -> None:
    node = node_of(*[one for one in overrides if "task=" not in one])
    if "task=digits_mlp" in overrides:
        del node["task"]["num_samples"]
    with pytest.raises(ConfigError, match=message.replace("+", r"\+")):
        select_in(tmp_path, node)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("harbour,2.0", "harbour,-2.0"), "line 3: speed must be finite and above 0, got -2.0"),
        (("9000", "many"), "line 3: num_samples must be a number such as"),
        ((",900,8", ",-900,8"), "line 3: price_usd must be finite and at least 0, got -900"),
        (("price_usd", "price"), "line 1: the columns must be name, .*, price_usd"),
        (("meadow", "harbour"), "line 4: name must be of one candidate alone, got 'harbour'"),
        ((",8,0.98", ",high,0.98"), "line 3: capability must be a number"),
    ],
)
def test_files_are_checked(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    text = (SHIPPED / "example_candidates.csv").read_text()
    (tmp_path / "mine.csv").write_text(text.replace(*change, 1))
    with pytest.raises(ConfigError, match=message):
        select_in(tmp_path, node_of(f"select.file={tmp_path}/mine.csv"))


def test_the_command_runs_as_it_is_typed(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", "-m", "runners.select", f"hydra.run.dir={tmp_path}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f"Report: {tmp_path / 'report.md'}" in done.stdout
    wrong = subprocess.run(
        [*command, "select.method=dice"], capture_output=True, text=True, check=False
    )
    assert wrong.returncode == 2 and wrong.stderr.startswith("error: select.method must be one of")
