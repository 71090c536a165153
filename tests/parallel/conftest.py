"""Runs on real Horovod ranks, kept from test to test as from run to run of a sweep.

Idle ranks cost CPU (Horovod looks for work a thousand times a second), so one fleet lives at a
time: tests that need another number of ranks stand together. A run that several tests look at is
trained once.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from runners.build import build
from runners.config_file import read_config, write_config
from runners.launch import fleet, stop_all
from runners.learner.horovod import Horovod
from tests.parallel.systems import SYSTEMS
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

    def file(self, name: str) -> bytes:
        """Return what one of the run's files holds."""
        return (self.folder / name).read_bytes()


Train = Callable[..., Done]
System = Callable[[str, int], Done]


@pytest.fixture(scope="session", autouse=True)
def no_rank_stays_behind() -> Iterator[None]:
    """End the ranks with the tests."""
    yield
    stop_all()


@pytest.fixture(scope="session")
def train_anew(tmp_path_factory: pytest.TempPathFactory) -> Train:
    """Return a call that trains what the overrides compose, small by default."""

    def run(*overrides: str) -> Done:
        folder = tmp_path_factory.mktemp("run")
        write_config(folder, compose(*FAST, *overrides))
        return go_on(folder)

    return run


@pytest.fixture(scope="session")
def train(train_anew: Train) -> Train:
    """Return the same, for runs that need to be trained only once in all tests."""
    return cache(train_anew)


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> System:
    """Return a call that trains one of `SYSTEMS` on so many ranks, once in all tests."""

    @cache
    def run(name: str, num_ranks: int) -> Done:
        config = composed(name)
        learner = config["learner"] | {"num_ranks": num_ranks}
        folder = tmp_path_factory.mktemp("system")
        write_config(folder, config | {"learner": learner})
        return go_on(folder)

    return run


@cache
def composed(name: str) -> dict[str, Any]:
    """Return the config of one of `SYSTEMS`; composing takes as long as training."""
    return compose(*FAST, *SYSTEMS[name])


def go_on(folder: Path, on_progress: Callable[[float], None] = lambda fraction: None) -> Done:
    """Run the config of a folder on as many ranks as it says; after a failure they are ended."""
    learner = build(read_config(folder)).learner
    assert isinstance(learner, Horovod)
    try:
        fleet(learner).run(folder, on_progress)
    except BaseException:
        stop_all()
        raise
    record = json.loads((folder / "record.json").read_text())
    return Done(folder=folder, record=record, rounds=pd.read_parquet(folder / "rounds.parquet"))
