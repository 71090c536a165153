"""Finished runs for tests: folders with config.yaml, record.json and model.pt, without ranks."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from runners.audit.__main__ import read_settings
from runners.audit.settings import Settings
from runners.audit.subject import Subject, read_subject
from runners.config_file import write_config
from runners.learner.flat_model import FlatModel
from runners.perform import prepare
from runners.record import describe
from tests.runners.compose import compose

DIGITS = ("task=digits_mlp", "partition=iid", "task.optimizer.learning_rate=0.3")


def settings(**changes: Any) -> Settings:
    """Return the shipped settings, smaller and with some changed."""
    small = read_settings(["device=cpu", "num_iterations=30", "num_shadow_partners=64"])
    return replace(small, **changes)


@dataclass(frozen=True, kw_only=True)
class Finished:
    """Hold a run's folder."""

    folder: Path

    def subject(self, partner: int = 0) -> Subject:
        return read_subject(self.folder, partner, "cpu")

    def save(self, states: Sequence[dict[str, torch.Tensor]]) -> None:
        """Put these models in the place of the run's."""
        torch.save(list(states), self.folder / "model.pt")


def finished_run(folder: Path, *overrides: str, privacy: Any = None) -> Finished:
    """Return a run that ended with its first model."""
    config = compose(*overrides)
    write_config(folder, config)
    record = describe(config, "finished") | {"privacy": privacy}
    (folder / "record.json").write_text(json.dumps(record))
    job = prepare(folder, config, submitted_at=0.0)
    torch.save([], folder / "model.pt")
    run = Finished(folder=folder)
    first = run.subject().training(job.assignment.train).model
    num_models = len(job.assignment.train) if "mode=solo" in overrides else 1
    run.save([first.named(first.initial)] * num_models)
    return run


def flat(module: nn.Module) -> FlatModel:
    return FlatModel(module, "cross_entropy", torch.device("cpu"), tail=0)
