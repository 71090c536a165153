"""Runs on real Horovod ranks, kept from test to test as from run to run of a sweep.

Idle ranks cost CPU (Horovod looks for work a thousand times a second), so one fleet lives at a
time: tests that need another number of ranks stand together.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from runners.build import build
from runners.config_file import write_config
from runners.launch import fleet, stop_all
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


@pytest.fixture(scope="session", autouse=True)
def no_rank_stays_behind() -> Iterator[None]:
    """End the ranks with the tests."""
    yield
    stop_all()


@pytest.fixture(scope="session")
def train(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Done]:
    """Return a call that trains what the overrides compose, small by default."""

    def run(*overrides: str) -> Done:
        config = compose(*FAST, *overrides)
        folder = tmp_path_factory.mktemp("run")
        write_config(folder, config)
        learner = build(config).learner
        assert isinstance(learner, Horovod)
        fleet(learner).run(folder, lambda fraction: None)
        record = json.loads((folder / "record.json").read_text())
        rounds = pd.read_parquet(folder / "rounds.parquet")
        return Done(folder=folder, record=record, rounds=rounds)

    return run
