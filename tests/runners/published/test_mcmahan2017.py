"""Rounds to a target by hand, what is trained for a cell, and the published runs. Nothing is
trained here; tests/parallel has the table in small.
"""

import csv
import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runners.build import assemble, build
from runners.published.mcmahan2017 import orderings
from runners.published.mcmahan2017_cells import Cell, composed, read_cells, rounds_to
from runners.published.rows import read_rows
from tests.runners.published.tables import csv_file, table

HEADER = "partition,batch_size,num_participants,rounds,learning_rate,num_seeds"
PUBLISHED = Path(__file__).parents[3] / "results" / "published" / "mcmahan2017"
CELLS = read_cells("mcmahan2017.csv")
ACCURACIES = st.integers(0, 10_000).map(lambda correct: correct / 10_000)  # of as many images


def cell(partition: str, batch_size: int, num_participants: int, rounds: int) -> Cell:
    return Cell(
        partition=partition,
        batch_size=batch_size,
        num_participants=num_participants,
        rounds=rounds,
        learning_rate=0.1,
        num_seeds=1,
    )


def finished_run(folder: Path, accuracies: list[float]) -> None:
    folder.mkdir(parents=True)
    (folder / "record.json").write_text(json.dumps({"status": "finished"}))
    pd.DataFrame({"test_accuracy": accuracies}).to_parquet(folder / "rounds.parquet")


@pytest.mark.parametrize(
    ("target", "rounds"),
    [
        (0.05, 0.0),
        (0.5, 1.0),
        (0.6, 2.5),  # best so far is 0.5 after 2 rounds and 0.9 after 4: 2 + 2 * 0.1 / 0.4
        (0.9, 4.0),
        (0.91, math.inf),
    ],
)
def test_rounds_are_where_the_best_so_far_crosses(target: float, rounds: float) -> None:
    assert rounds_to(target, np.array([0.1, 0.5, 0.4, math.nan, 0.9, 0.8])) == pytest.approx(rounds)


@given(st.lists(ACCURACIES, min_size=1), ACCURACIES)
def test_rounds_end_with_the_first_that_is_at_the_target(
    accuracies: list[float], target: float
) -> None:
    rounds = rounds_to(target, np.array(accuracies))
    reached = [number for number, accuracy in enumerate(accuracies) if accuracy >= target]
    assert math.ceil(rounds) == reached[0] if reached else rounds == math.inf


def test_the_file_has_all_cells_of_the_paper_that_reach_the_target() -> None:
    lines = read_rows("mcmahan2017.csv", required=tuple(HEADER.split(",")))
    keys = ("partition", "batch_size", "num_participants")
    rounds = {tuple(line.text(key) for key in keys): line.whole("rounds") for line in lines}
    assert len(lines) == len(rounds) == 16
    assert rounds["iid", "10", "10"] == 87
    assert rounds["shards", "10", "10"] == 664


def test_a_line_without_a_rate_is_not_trained(tmp_path: Path) -> None:
    file = csv_file(tmp_path, HEADER, "iid,10,10,87,0.1,1", "iid,10,20,77,,1")
    assert read_cells(file) == [cell("iid", 10, 10, 87)]


@pytest.mark.parametrize("one", CELLS, ids=lambda one: one.folder_name(0.97, 0))
def test_a_cell_trains_what_the_paper_did(one: Cell) -> None:
    overrides = one.overrides(target_accuracy=0.97, max_round_ratio=2.0, num_ranks=2, seed=0)
    run = build(composed(overrides))
    setting, assignment = assemble(run)
    assert run.task.num_parameters == 199_210
    assert setting.workload.num_samples == (600,) * 100
    num_steps = run.mode.num_steps(setting.workload, 0)  # type: ignore[attr-defined]
    assert num_steps == 600 / one.batch_size
    samples_a_round = 600 * one.num_participants
    assert run.budget.num_epochs * 60_000 / samples_a_round == pytest.approx(2 * one.rounds)
    labels = run.task.data.index().train_labels  # type: ignore[attr-defined]
    most = max(len(np.unique(labels[held])) for held in assignment.train)
    assert most == 10 if one.partition == "iid" else most <= 4  # a shard may reach over an edge


def test_pairs_are_counted_that_are_ordered_as_published() -> None:
    rounds = {
        cell("iid", 10, 1, 300): 90.0,
        cell("iid", 10, 10, 80): 70.0,
        cell("iid", 10, 100, 70): 75.0,  # not as published beside 10, but beside 1
        cell("iid", 10, 50, 73): 1.0,  # too near to 100's; as published beside no other
        cell("iid", 600, 10, 1400): 60.0,  # no pair in C; not as published in B
        cell("shards", 10, 10, 660): 500.0,
    }
    counted = [(one.quantity, one.simulated, one.published) for one in orderings(rounds)]
    assert counted == [
        ("IID, B=10: order in C", 4, 5),
        ("order in B", 0, 1),
        ("order of IID and non-IID", 1, 1),
    ]
    assert [one.is_held for one in orderings(rounds)] == [False, False, True]


def test_a_target_that_neither_reaches_is_no_ordering() -> None:
    rounds = {cell("iid", 10, 10, 80): math.inf, cell("shards", 10, 10, 660): math.inf}
    (figure,) = orderings(rounds)
    assert figure.simulated == 0


def test_finished_runs_are_read(tmp_path: Path) -> None:
    finished_run(tmp_path / "iid_b10_m10_rate0.1_to0.7_seed0", [0.1, 0.9])
    finished_run(tmp_path / "iid_b600_m10_rate0.1_to0.7_seed0", [0.1, 0.5, 0.9])
    finished_run(tmp_path / "iid_b600_m10_rate0.1_to0.7_seed1", [0.1, 0.2, 0.6, 0.8])
    file = csv_file(tmp_path, HEADER, "iid,10,10,1,0.1,1", "iid,600,10,4,0.1,2")
    figures = table("mcmahan2017", file=file, runs=str(tmp_path), target_accuracy=0.7).figures()
    # 0.6 / 0.8 of the first round; 1 + 0.2 / 0.4 and 2 + 0.1 / 0.2 rounds, in the mean 2
    assert [(one.row, one.simulated) for one in figures] == [
        ("IID, B=10", pytest.approx(0.75)),
        ("IID, B=all", pytest.approx(2.0)),
        ("orderings", 1),
    ]


def test_the_published_table_is_that_of_the_published_runs() -> None:
    with (PUBLISHED / "figures.csv").open() as file:
        published = list(csv.DictReader(file))
    for one in CELLS:  # a run that is not there would be trained now
        for seed in range(one.num_seeds):
            assert (PUBLISHED / "runs" / one.folder_name(0.97, seed) / "record.json").is_file()
    figures = list(table("mcmahan2017", runs=str(PUBLISHED / "runs")).figures())
    assert [one.simulated for one in figures] == [float(row["simulated"]) for row in published]
    held = {(one.row, one.quantity.partition(",")[0]): one.is_held for one in figures}
    assert held["IID, B=10", "C=0.1"]
    assert held["non-IID, B=10", "C=0.1"]


@pytest.mark.parametrize(
    ("setting", "value"), [("target_accuracy", 1.1), ("max_round_ratio", 0.0), ("num_ranks", 0)]
)
def test_impossible_settings_are_refused(setting: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"published.{setting} must be"):
        table("mcmahan2017", **{setting: value})
