"""Owns the way from a recorded run to what was merged in it and what was measured then.

Records hold no partners of a round, but a run's config repeats them exactly: the run is played
again on the virtual clock, with a learner that only writes down what it is asked to merge.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from runners.build import assemble, build
from runners.options import ConfigError
from runners.virtual_learner import label_counts
from sim.learner import Evaluation, Merged, Model, Work
from sim.learner.none import TimeOnly
from sim.learning_curve import Floats
from sim.mode.proxy.federated import Federated
from sim.world import World


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """Hold the updates of a run's merges, of shape (num_merges, num_labels) in samples, with how
    many partners were in each, and for each evaluation the merges before it, loss and accuracy.
    """

    updates: Floats
    num_participants: tuple[int, ...]
    num_merged: tuple[int, ...]
    losses: Floats
    accuracies: Floats
    balance: Floats


class _Listening(TimeOnly):
    """Learn nothing, and keep what was to be merged."""

    def __init__(self) -> None:
        object.__setattr__(self, "merges", [])

    def merge(  # type: ignore[no-untyped-def]
        self, model: Model, works: Sequence[Work], weights: Sequence[float], *others, **more
    ) -> Merged:
        """Write down, and return the next version."""
        self.merges.append((tuple(works), tuple(weights)))  # type: ignore[attr-defined]
        return super().merge(model, works, weights)

    def evaluate(self, models: Sequence[Model], jointly: bool = False) -> Evaluation | None:
        """Return None."""
        return None


def recorded_runs(folders: Sequence[Path]) -> list[Recorded]:
    """Return the runs below folders that a curve can be fitted to; raises ValueError if none is."""
    paths = sorted(path for folder in folders for path in folder.rglob("record.json"))
    found = [run for path in paths if (run := _recorded(path)) is not None]
    if not found:
        raise ValueError(
            f"no finished run of mode=proxy/federated with real training is below "
            f"{', '.join(map(str, folders))}; make some with python -m runners.run "
            "mode=proxy/federated"
        )
    return found


def _recorded(path: Path) -> Recorded | None:
    record = json.loads(path.read_text())
    if record["status"] != "finished" or record["names"]["learner"] != "horovod":
        return None
    try:
        run = build(record["config"])
        setting, assignment = assemble(run)
    except ConfigError as error:
        raise ValueError(f"{path} is of an older version: {error}") from error
    if not isinstance(run.mode, Federated):
        return None
    listening = _Listening()
    World(setting, listening, lambda fraction: None).run()
    counts = label_counts(run, assignment)
    mixes = counts / counts.sum(axis=1, keepdims=True)
    merges = listening.merges  # type: ignore[attr-defined]
    batch = setting.workload.batch_size
    table = pd.read_parquet(path.parent / "rounds.parquet")
    table = table[table["test_loss"].notna()]
    return Recorded(
        updates=np.array([_update(works, weights, mixes) * batch for works, weights in merges]),
        num_participants=tuple(len(works) for works, _ in merges),
        num_merged=tuple(table["round"].astype(int).tolist()),
        losses=table["test_loss"].to_numpy(),
        accuracies=table["test_accuracy"].to_numpy(),
        balance=counts.sum(axis=0) / counts.sum(),
    )


def _update(works: Sequence[Work], weights: Sequence[float], mixes: Floats) -> Floats:
    rows = [
        weight * work.num_steps * mixes[list(work.data_of)].mean(axis=0)
        for work, weight in zip(works, weights, strict=True)
    ]
    return np.asarray(np.sum(rows, axis=0), dtype=np.float64)
