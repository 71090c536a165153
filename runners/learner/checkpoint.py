"""Owns checkpoints of a run's learning: what they hold, and their files.

Each rank writes what it holds to `checkpoint/<number of calls>/rank-<rank>.pt`; when all have,
rank 0 names the folder in `checkpoint/latest`, with a key that says which code and config can go on
with it, and drops older ones. So a run that is killed while it writes has the checkpoint before. A
run resumes on the same number of ranks.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from runners.config_file import CHECKPOINT
from runners.learner.horovod import Ranks
from runners.learner.rank_learner import RankLearner
from runners.learner.version import Version
from runners.optimizer import State
from runners.record import write_atomically
from sim.decision import Decision
from sim.learner import Evaluation, Feedback, Part


@dataclass(kw_only=True)
class Journal:
    """Hold what calls have answered, by their numbers."""

    evaluations: dict[int, Evaluation] = field(default_factory=dict)
    feedback: dict[int, tuple[Feedback, ...]] = field(default_factory=dict)
    decisions: dict[int, Decision] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class History:
    """Hold how long a run has taken so far, and how often it has been resumed."""

    total_wall_s: float = 0.0
    num_resumes: int = 0


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """Hold a run's learning after `num_calls` calls: plain values and tensors.

    Versions have their numbers; those of one line share an optimizer's state, kept once.
    """

    num_calls: int
    history: History
    journal: Journal
    versions: Mapping[int, Version]
    learner: Mapping[str, Any]

    @classmethod
    def of(
        cls,
        num_calls: int,
        history: History,
        journal: Journal,
        versions: Mapping[int, Version],
        learner: RankLearner,
    ) -> "Checkpoint":
        """Take a checkpoint of a learner that has nothing under way."""
        return cls(
            num_calls=num_calls,
            history=history,
            journal=journal,
            versions=versions,
            learner={
                "batches": learner.training.state(),
                "engines": learner.training.engine_names(),
                "num_samples": learner.rates.num_samples,
                "owned_losses": learner.owned.losses,
                "controls": learner.merging.controls.of_partner,
                "num_merges": learner.merging.num_merges,
                "memories": learner.merging.memories,
                "attack_memory": learner.merging.malicious.memory,
                "phases": learner.stopwatch.phases(),
            },
        )

    def give_back(self, versions: Mapping[int, Version], learner: RankLearner) -> None:
        """Fill `versions` and `learner` with what was put down."""
        for number, version in versions.items():
            vars(version).update(vars(self.versions[number]))
        learner.training.restore(self.learner["batches"], self.learner["engines"])
        learner.rates.num_samples = self.learner["num_samples"]
        learner.owned.losses = self.learner["owned_losses"]
        learner.merging.controls.of_partner = self.learner["controls"]
        learner.merging.num_merges = self.learner["num_merges"]
        learner.merging.memories = self.learner["memories"]
        learner.merging.malicious.memory = self.learner["attack_memory"]
        learner.stopwatch.restore(self.learner["phases"])


class Checkpoints:
    """Write and read one rank's part of the checkpoints in a run folder."""

    def __init__(self, folder: Path, key: str, ranks: Ranks) -> None:
        self._folder = folder / CHECKPOINT
        self._key = key
        self._ranks = ranks

    def load(self) -> Checkpoint | None:
        """Return the latest checkpoint that has the key; None where there is none."""
        latest = self._folder / "latest"
        if not latest.is_file():
            return None
        key, number = latest.read_text().split()
        if key != self._key:
            return None
        folder = self._folder / number
        num_ranks = len(list(folder.glob("rank-*.pt")))
        if num_ranks != self._ranks.size:
            raise ValueError(
                f"learner.num_ranks must be the {num_ranks} that the checkpoint in {folder} was "
                f"taken with, got {self._ranks.size}; resume with learner.num_ranks={num_ranks}, "
                f"or delete {self._folder} to begin anew"
            )
        return _loaded(folder / self._name)

    def save(self, checkpoint: Checkpoint) -> None:
        """Write a checkpoint, and drop those before; all ranks must call it."""
        folder = self._folder / str(checkpoint.num_calls)
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / self._name, lambda path: torch.save(checkpoint, path))
        self._ranks.sum(torch.zeros(1), "checkpoint")  # nobody goes on before all have written
        if self._ranks.rank == 0:
            latest = f"{self._key} {folder.name}"
            write_atomically(self._folder / "latest", lambda path: path.write_text(latest))
            for old in self._folder.iterdir():
                if old.is_dir() and old != folder:
                    shutil.rmtree(old)

    def drop(self) -> None:
        """Delete all checkpoints: the run has come to its end."""
        if self._ranks.rank == 0:
            shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _name(self) -> str:
        return f"rank-{self._ranks.rank}.pt"


def _loaded(path: Path) -> Checkpoint:
    """Return a checkpoint's part; only the types that one consists of are let in."""
    from runners.stopwatch import Phases

    kinds: list[Any] = [Checkpoint, History, Journal, Version, State]
    kinds += [Decision, Evaluation, Feedback, Part, Phases]
    with torch.serialization.safe_globals(kinds):
        loaded = torch.load(path, weights_only=True)
    assert isinstance(loaded, Checkpoint)
    return loaded
