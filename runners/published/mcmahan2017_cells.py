"""Owns a cell of McMahan et al. (2017), table 1: what is trained for it, and the rounds it took.

In: a line of the table's file. Out: a run folder as `python -m runners.run` leaves it, of which a
finished one is read and an interrupted one is gone on with.
"""

import json
import math
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from omegaconf import OmegaConf

from runners.job import CONF, run_in
from runners.published.rows import read_rows

NUM_PARTNERS = 100
SAMPLES_PER_PARTNER = 600

PARTITIONS = {"iid": "IID", "shards": "non-IID"}
"""The paper's names of the partitions."""

TASK = (
    *("scenario=uniform", f"scenario.num_partners={NUM_PARTNERS}"),
    *("task=mnist_mlp", "task.model.hidden_units=[200,200]"),
    *("mode=proxy/federated", "mode.local_steps=null", "mode.local_epochs=1"),
    *("trace_level=rounds", "budget.stops_at_target=true"),
)
"""What all cells have in common, as one would type it."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """Hold one line; `rounds` are the published ones, `learning_rate` and the number of seeds are
    chosen here.
    """

    partition: str
    batch_size: int
    num_participants: int
    rounds: int
    learning_rate: float
    num_seeds: int

    @property
    def column(self) -> str:
        """Return the column's name in the table, such as `IID, B=10`."""
        batch = "all" if self.batch_size == SAMPLES_PER_PARTNER else str(self.batch_size)
        return f"{PARTITIONS.get(self.partition, self.partition)}, B={batch}"

    @property
    def fraction(self) -> float:
        """Return the paper's C, of which 0 is one partner a round."""
        return 0.0 if self.num_participants == 1 else self.num_participants / NUM_PARTNERS

    def folder_name(self, target_accuracy: float, seed: int) -> str:
        """Return the name of the cell's run folder, another one for other settings."""
        return (
            f"{self.partition}_b{self.batch_size}_m{self.num_participants}"
            f"_rate{self.learning_rate:g}_to{target_accuracy:g}_seed{seed}"
        )

    def overrides(
        self, *, target_accuracy: float, max_round_ratio: float, num_ranks: int, seed: int
    ) -> tuple[str, ...]:
        """Return what one would type after `python -m runners.run`.

        A round is `num_participants` / 100 passes over the data. Twice as many evaluations as
        rounds leave no round without one, however the budget's fractions are rounded.
        """
        max_rounds = math.ceil(max_round_ratio * self.rounds)
        return (
            *TASK,
            f"partition={self.partition}",
            f"task.batch_size={self.batch_size}",
            f"task.optimizer.learning_rate={self.learning_rate}",
            f"agent.num_participants={self.num_participants}",
            f"budget.num_epochs={max_rounds * self.num_participants / NUM_PARTNERS}",
            f"budget.num_evaluations={2 * max_rounds}",
            f"budget.target_accuracy={target_accuracy}",
            f"learner.num_ranks={num_ranks}",
            f"seed={seed}",
        )


def read_cells(file: str) -> list[Cell]:
    """Return a file's cells, without those that have no learning rate, which nobody has trained
    yet; raises ValueError where the file has a mistake.
    """
    columns = (
        "partition",
        "batch_size",
        "num_participants",
        "rounds",
        "learning_rate",
        "num_seeds",
    )
    return [
        Cell(
            partition=row.text("partition"),
            batch_size=row.whole("batch_size"),
            num_participants=row.whole("num_participants"),
            rounds=row.whole("rounds"),
            learning_rate=row.number("learning_rate"),
            num_seeds=row.whole("num_seeds"),
        )
        for row in read_rows(file, required=columns)
        if row.cells["learning_rate"]
    ]


def accuracies(folder: Path, overrides: tuple[str, ...]) -> np.ndarray:
    """Return the test accuracies by round, of shape (rounds + 1,), of the run in `folder`; it is
    trained if it has not finished.
    """
    import pandas as pd

    folder = folder.resolve()
    if not _is_finished(folder):
        folder.mkdir(parents=True, exist_ok=True)
        if run_in(folder, composed(overrides), None):
            raise ValueError(f"{folder} has failed; its record.json says why")
    return pd.read_parquet(folder / "rounds.parquet")["test_accuracy"].to_numpy()


def composed(overrides: tuple[str, ...]) -> dict[str, Any]:
    """Return the resolved config of `python -m runners.run <overrides>`."""
    is_within = GlobalHydra.instance().is_initialized()  # another command composes its own config
    with nullcontext() if is_within else initialize_config_dir(str(CONF), version_base="1.3"):
        config = OmegaConf.to_container(compose("run", list(overrides)), resolve=True)
    assert isinstance(config, dict)
    return {str(key): value for key, value in config.items()}


def rounds_to(target: float, by_round: np.ndarray) -> float:
    """Return after how many rounds the best accuracy so far crosses `target`, linearly interpolated
    between rounds (McMahan et al. 2017, section 3); infinity where it does not.

    `by_round` begins with the untrained model's accuracy, and is NaN where none was measured.
    """
    rounds = np.flatnonzero(~np.isnan(by_round))
    best = np.maximum.accumulate(by_round[rounds])
    place = int(np.searchsorted(best, target))
    if place == len(best):
        return math.inf
    if place == 0:
        return float(rounds[0])
    return float(np.interp(target, best[place - 1 : place + 1], rounds[place - 1 : place + 1]))


def _is_finished(folder: Path) -> bool:
    record = folder / "record.json"
    return record.is_file() and json.loads(record.read_text())["status"] == "finished"
