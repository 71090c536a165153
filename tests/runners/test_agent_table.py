"""Times to the target by situation and agent."""

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from runners.agent_table import FILE_NAME, agent_table, tabulate
from runners.report.load import load_sweep
from runners.report.units import DASH
from tests.runners.report.conftest import SweepFactory

TIMES = {
    ("static", 0.0): (100.0, 120.0, 90.0),
    ("oort", 0.0): (50.0, 70.0, None),
    ("dqn", 0.0): (40.0, 60.0, 45.0),
    ("static", -0.9): (200.0, 220.0, 210.0),
    ("dqn", -0.9): (100.0, 110.0, 105.0),
}


@pytest.fixture
def sweep(tmp_path: Path) -> SweepFactory:
    made = SweepFactory(folder=tmp_path)
    for (agent, rho), times in TIMES.items():
        for seed, time_sim_s in enumerate(times):
            made.finished(
                "proxy/federated",
                seed,
                accuracy=0.9,
                virtual={"time_to_target_sim_s": time_sim_s},
                names={"agent": agent, "scenario": "lognormal", "availability": "always"},
                config={
                    "agent": {"_target_": agent},
                    "scenario": {"_target_": "lognormal", "rho": rho},
                    "availability": {"_target_": "always"},
                },
            )
    return made


def test_rows_are_all_there_and_the_fastest_first(sweep: SweepFactory) -> None:
    table = agent_table(tabulate(load_sweep(sweep.folder)))
    assert [row[:2] for row in table.rows] == [
        ("lognormal rho=-0.9, always", "dqn"),
        ("lognormal rho=-0.9, always", "static"),
        ("lognormal rho=0.0, always", "dqn"),
        ("lognormal rho=0.0, always", "oort"),
        ("lognormal rho=0.0, always", "static"),
    ]
    assert table.columns == ("situation", "agent", "time", "missed", "÷ oort", "÷ static")


def test_ratios_are_paired_by_seed(sweep: SweepFactory) -> None:
    rows = {row[:2]: row[2:] for row in agent_table(tabulate(load_sweep(sweep.folder))).rows}
    time, missed, over_oort, over_static = rows["lognormal rho=0.0, always", "dqn"]
    logs = np.log([40 / 100, 60 / 120, 45 / 90])
    low, high = stats.t.interval(0.95, 2, logs.mean(), stats.sem(logs))
    wanted = f"{np.exp(logs.mean()):.2f} [{np.exp(low):.2f}, {np.exp(high):.2f}]"
    assert (over_static, missed) == (wanted, "0 of 3")
    assert over_oort.startswith(f"{np.sqrt(40 / 50 * 60 / 70):.2f} [")
    assert over_oort.endswith("] (2 pairs)")
    assert time.startswith("48.3 ±")
    assert rows["lognormal rho=0.0, always", "oort"][1:3] == ("1 of 3", DASH)
    assert rows["lognormal rho=-0.9, always", "dqn"][2:] == (DASH, "0.50 [0.50, 0.50]")


def test_a_row_for_each_run_is_written(sweep: SweepFactory) -> None:
    tabulate(load_sweep(sweep.folder))
    lines = (sweep.folder / FILE_NAME).read_text().splitlines()
    assert len(lines) == 1 + 15
    assert "time_to_target_sim_s" in lines[0]
