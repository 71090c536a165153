"""What mechanisms cost and leak, of hand-made runs of two seeds with numbers worked by hand."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from runners.job import CONF
from runners.privacy_cost import FILE_NAME
from runners.privacy_cost.__main__ import make_tables
from runners.privacy_cost.figures import tabulate
from runners.report.audits import NAME, SCHEMA_VERSION
from runners.report.load import load_sweep
from runners.report.units import DASH
from tests.runners.report.conftest import SweepFactory

SPENT = {"mechanism": "dp_sgd", "unit": "example", "epsilon": 0.98, "delta": 1e-5}


def add(
    sweep: SweepFactory,
    seed: int,
    accuracy: float,
    *,
    privacy: str = "none",
    compression: str = "none",
    total_sim_s: float = 20.0,
    num_bytes: float = 1e6,
    work_wall_s: float = 4.0,
    guarantees: list[dict[str, Any]] | None = None,
    attacks: list[dict[str, Any]] | None = None,
    **settings: Any,
) -> Path:
    """Add a run of ten rounds, with settings of its privacy."""
    folder = sweep.finished(
        "proxy/federated",
        seed,
        accuracy=accuracy,
        virtual={"total_sim_s": total_sim_s, "num_bytes": num_bytes},
        names={"privacy": privacy, "compression": compression},
        config={"privacy": {privacy: {"_target_": privacy} | settings}},
    )
    path = folder / "record.json"
    record = json.loads(path.read_text())
    record["wall"] |= {"total_wall_s": work_wall_s + 0.6}  # 0.5 s evaluation, 0.1 s checkpoints
    record["privacy"] = {"guarantees": guarantees or []}
    path.write_text(json.dumps(record))
    if attacks is not None:
        audit = {"schema_version": SCHEMA_VERSION, "attacks": attacks}
        (folder / NAME).write_text(json.dumps(audit))
    return folder


def membership(name: str, auc: float, found: float, p_value: float, low: float) -> dict[str, Any]:
    one = {"rate": {"value": found}, "chance_low": 0.003, "chance_high": 0.025, "p_value": p_value}
    judgement = {"auc": {"value": auc}, "detections": [one, one | {"rate": {"value": 0.0}}]}
    bound = {"low": low, "ceiling": 3.5}
    return {"attack": name, "judgement": judgement, "epsilon": bound, "quality": {}}


def inversion(name: str, psnr_db: float) -> dict[str, Any]:
    quality = {"psnr_db": {"value": psnr_db}, "chance_psnr_db": {"value": 12.0}}
    return {"attack": name, "judgement": {}, "epsilon": None, "quality": quality}


@pytest.fixture
def sweep(tmp_path: Path) -> SweepFactory:
    """Return runs without privacy, with DP-SGD, and with two kinds of masks, which have no audit
    but in one run.
    """
    made = SweepFactory(folder=tmp_path)
    for seed, accuracy in enumerate((0.80, 0.86)):
        add(
            made,
            seed,
            accuracy,
            privacy="dp_sgd",
            total_sim_s=30.0,
            work_wall_s=8.0 if seed else 32.0,
            guarantees=[SPENT | {"epsilon": 0.98 + seed / 100}],
            attacks=[
                membership("loss_threshold", 0.9, 0.9, 0.0, 3.0),
                membership("lira_online", 0.5, 0.01, 0.5 - seed / 2.05, 0.0),
                inversion("cosine", 11.0),
                inversion("dlg", 12.5 + seed),
                {"attack": "dense_layer", "judgement": None, "epsilon": None, "quality": {}},
            ],
        )
    for seed, accuracy in enumerate((0.90, 0.94)):
        attacks = [membership("loss_threshold", 0.6 + seed / 10, 0.08, 1e-9, 0.2 + seed / 10)]
        add(made, seed, accuracy, attacks=attacks)
        add(made, seed, accuracy, privacy="secagg", num_bytes=3e6, degree_factor=None)
        folder = add(made, seed, accuracy, privacy="secagg", num_bytes=2e6, degree_factor=2.0)
        if seed:
            attacks = [membership("lira_online", 0.7, 0.1, 1e-9, 0.4), inversion("dlg", 12.1)]
            (folder / NAME).write_text(
                json.dumps({"schema_version": SCHEMA_VERSION, "attacks": attacks})
            )
    return made


def rows(folder: Path, number: int) -> dict[str, tuple[str, ...]]:
    """Return a table's cells by mechanism."""
    table = make_tables(load_sweep(folder))[number]
    assert all(len(row) == len(table.columns) for row in table.rows)
    return {row[0]: row[1:] for row in table.rows}


def test_costs_are_held_against_the_runs_without_privacy(sweep: SweepFactory) -> None:
    cells = rows(sweep.folder, 0)
    # half width of two values a and b: t(0.975; 1) |a - b| / 2 = 6.353 |a - b|
    assert cells["none"] == ("2", "92.0 ± 25.4 %", DASH, "2.00 ± 0 s", "1.00 ± 0 MB", "4.00 ± 0 s")
    private = cells["dp_sgd"]
    # by seed -0.10 and -0.08: mean -0.09, half width 6.353 x 0.02 = 0.127
    assert private[:3] == ("2", "83.0 ± 38.1 %", "−9.0 points [−21.7 to +3.7]")
    assert private[3:5] == ("1.50×", "1.00×")
    # 32 / 4 and 8 / 4: sqrt(8 x 2) = 4, half width of the logarithms 6.3531 ln 4 = 8.807
    assert private[5] == "4.00× [0.000599× to 26,731×]"


def test_settings_that_differ_tell_mechanisms_apart(sweep: SweepFactory) -> None:
    cells = rows(sweep.folder, 0)
    assert [*cells] == ["none", "dp_sgd", "secagg", "secagg degree_factor=2.0"]
    assert cells["secagg"][4] == "3.00×"
    assert cells["secagg degree_factor=2.0"][4] == "2.00×"
    assert cells["secagg degree_factor=2.0"][2] == "0.0 points [same in every seed]"


def test_leaks_are_those_of_one_attack(sweep: SweepFactory) -> None:
    cells = rows(sweep.folder, 1)
    # LiRA speaks where it was made; the p-values are 0.5 and 0.5 - 1 / 2.05 = 0.012
    assert cells["dp_sgd"] == (
        *("0.99", "1e-05", "example", "0.500 ± 0", "1.0 ± 0 %", "0.3 % to 2.5 %", "1 of 2"),
        *("0.00", "3.50", "13.0 ± 6.4", "12.0"),
    )
    assert cells["none"] == (
        *(DASH, DASH, DASH, "0.650 ± 0.635", "8.0 ± 0 %", "0.3 % to 2.5 %", "2 of 2"),
        *("0.25", "3.50", DASH, DASH),
    )
    assert cells["secagg"] == (DASH,) * 11
    assert cells["secagg degree_factor=2.0"][3:] == (
        *("0.700", "10.0 %", "0.3 % to 2.5 %", "1 of 1", "0.40", "3.50", "12.1", "12.0"),
    )


def test_the_file_holds_what_is_returned(sweep: SweepFactory) -> None:
    runs = tabulate(load_sweep(sweep.folder))
    assert runs["mechanism"].tolist()[:4] == ["none", "none", "dp_sgd", "dp_sgd"]
    assert runs["inversion_attack"].tolist()[2:4] == ["dlg", "dlg"]
    assert runs["round_sim_s"].tolist()[1:3] == [2.0, 3.0]
    written = pd.read_csv(
        sweep.folder / FILE_NAME, dtype={"run": str}, keep_default_na=False, na_values=[""]
    )
    pd.testing.assert_frame_equal(written, runs, check_dtype=False)


def test_compression_is_a_mechanism(tmp_path: Path) -> None:
    made = SweepFactory(folder=tmp_path)
    add(made, 0, 0.9)
    add(made, 0, 0.9, compression="int8")
    add(made, 0, 0.9, privacy="clip", compression="int8")
    assert [*rows(tmp_path, 0)] == ["none", "int8", "clip + int8"]


def test_refuses_a_sweep_without_a_plain_run(tmp_path: Path) -> None:
    add(SweepFactory(folder=tmp_path), 0, 0.9, privacy="clip")
    with pytest.raises(ValueError, match="must have a finished run with privacy=none"):
        tabulate(load_sweep(tmp_path))


def test_refuses_runs_that_differ_in_something_else(sweep: SweepFactory) -> None:
    folder = add(sweep, 0, 0.5)
    record = json.loads((folder / "record.json").read_text())
    record["names"]["mode"] = "proxy/fedbuff"
    (folder / "record.json").write_text(json.dumps(record))
    with pytest.raises(ValueError, match=r"differ in privacy, compression and seed only"):
        tabulate(load_sweep(sweep.folder))


def test_the_command_prints_both_tables(sweep: SweepFactory) -> None:
    command = [sys.executable, "-m", "runners.privacy_cost", str(sweep.folder)]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=True,
        cwd=CONF.parent,
        env={"COLUMNS": "250"},
    )
    assert "83.0 ± 38.1 %" in done.stdout
    assert "13.0 ± 6.4" in done.stdout
    assert str(sweep.folder / FILE_NAME) in done.stdout
