"""Runs on real Horovod ranks: one fleet of each size, started when first needed and kept from test to test."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from runners.build import build
from runners.config_file import write_config
from runners.launch import Fleet
from runners.learner.horovod import Horovod
from tests.runners.compose import compose

FAST = ("task=digits_mlp", "budget.num_epochs=2", "budget.num_evaluations=4")


@dataclass(frozen=True, kw_only=True)
class Done:
    """Hold a finished run's files."""

    folder: Path
    record: dict[str, Any]
    rounds: pd.DataFrame

    def curve(self, column: str) -> list[float]:
        """Return a column of the evaluated rounds."""
        return self.rounds.dropna(subset=["test_accuracy"])[column].tolist()


@pytest.fixture(scope="session")
def fleets() -> Iterator[Callable[[Horovod], Fleet]]:
    """Return a call that gives running ranks; all end with the tests."""
    running: dict[int, Fleet] = {}

    def fleet(learner: Horovod) -> Fleet:
        if learner.num_ranks not in running:
            running[learner.num_ranks] = Fleet(learner)
        return running[learner.num_ranks]

    yield fleet
    for one in running.values():
        one.stop()


@pytest.fixture
def train(tmp_path: Path, fleets: Callable[[Horovod], Fleet]) -> Callable[..., Done]:
    """Return a call that trains what the overrides compose, small by default."""
    count = iter(range(100))

    def run(*overrides: str) -> Done:
        config = compose(*FAST, *overrides)
        folder = tmp_path / str(next(count))
        folder.mkdir()
        write_config(folder, config)
        learner = build(config).learner
        assert isinstance(learner, Horovod)
        fleets(learner).run(folder, lambda fraction: None)
        record = json.loads((folder / "record.json").read_text())
        return Done(folder=folder, record=record, rounds=pd.read_parquet(folder / "rounds.parquet"))

    return run
