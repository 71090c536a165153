"""Owns what is attacked: a finished run's task, samples, assignment and trained models, rebuilt
from its folder.

In: a folder with config.yaml, record.json and model.pt. Out: a `Subject`, whose tensors are on the
audit's device. Sample numbers count the training set first, then what the run held out. Samples are
those before a data proxy anonymised them: the question is what leaks of a person as they are.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from runners.build import sampling_of
from runners.config_file import read_config
from runners.data import Samples
from runners.folds import samples_of
from runners.learner.local_training import LocalTraining
from runners.learner.rank_data import RankData
from runners.learner.saved_models import NAME
from runners.partition import Assignment
from runners.perform import Job, prepare
from runners.task import Task


@dataclass(frozen=True, kw_only=True, eq=False)
class Subject:
    """Hold a finished run as an attacker's target; `states` are its models' tensors by name, and
    `partner` is whose is attacked where partners keep their own.
    """

    job: Job
    record: dict[str, Any]
    samples: Samples
    states: list[dict[str, torch.Tensor]]
    partner: int
    device: torch.device

    @property
    def num_train(self) -> int:
        """The training samples; numbers from here on are of held-out samples."""
        return len(self.samples.train)

    @property
    def num_together(self) -> int:
        """The partners whose updates one merge of the run adds up."""
        num_partners = len(self.job.setting.consortium.partners)
        return round(sampling_of(self.job.run, num_partners).num_chosen)

    @property
    def members(self) -> np.ndarray:
        """The numbers of the samples that the attacked model was trained on."""
        if len(self.states) == 1:
            return np.concatenate(self.job.assignment.train)
        return self.job.assignment.train[self.partner]

    @property
    def others(self) -> np.ndarray:
        """The numbers of the samples that the run held out."""
        return np.arange(self.num_train, self.num_train + len(self.samples.test))

    @cached_property
    def data(self) -> RankData:
        """All samples on the device, by their numbers."""
        samples = self.samples
        return RankData(
            Samples(
                train=np.concatenate([samples.train, samples.test]),
                train_targets=np.concatenate([samples.train_targets, samples.test_targets]),
                test=samples.test,
                test_targets=samples.test_targets,
            ),
            self.device,
        )

    def training(
        self, held: Sequence[np.ndarray], task: Task | None = None, *, is_private: bool = False
    ) -> LocalTraining:
        """Return the run's training, from the same first model on, of partners who hold these
        samples; of another task with the same model and data if one is given. Where it `is_private`
        steps follow the rule of the run's privacy, if there is one for single examples.
        """
        run = self.job.run
        return LocalTraining(
            task=task or run.task,
            training=run.training,
            data=self.data,
            assignment=Assignment(train=tuple(held), test=()),
            seed=run.seed,
            example_rule=run.privacy.example_rule if is_private else None,
        )

    def rates(self, num_steps: int) -> list[float]:
        """Return the learning rates of the run's schedule over so many steps."""
        run = self.job.run
        highest = run.task.optimizer.learning_rate
        return [highest * run.training.rate_factor(step / num_steps) for step in range(num_steps)]

    def weights(self, training: LocalTraining) -> torch.Tensor:
        """Return the attacked model as a vector of this training's model."""
        state = self.states[self.partner if len(self.states) > 1 else 0]
        vector = torch.empty_like(training.model.initial)
        for name, place in training.model.named(vector).items():
            place.copy_(state[name])
        return vector


def read_subject(folder: Path, partner: int, device: str) -> Subject:
    """Return the run of a folder as a target.

    Raises ValueError where it has not trained or finished, or has no such partner.
    """
    record_path, model_path = folder / "record.json", folder / NAME
    if not record_path.is_file() or not model_path.is_file():
        raise ValueError(
            f"an audit needs a run that finished with learner=horovod, got {folder} without "
            f"{NAME if record_path.is_file() else record_path.name}; take another, or run it again"
        )
    job = prepare(folder, read_config(folder), submitted_at=0.0)
    num_partners = len(job.assignment.train)
    if partner >= num_partners:
        raise ValueError(
            f"audit.partner must be below the {num_partners} partners of {folder}, got {partner}; "
            "try partner=0"
        )
    chosen = device if device != "auto" else ("cuda" if torch.cuda.is_available() else "cpu")
    return Subject(
        job=job,
        record=json.loads(record_path.read_text(encoding="utf-8")),
        samples=samples_of(job.run.task, job.run.training),
        states=torch.load(model_path, weights_only=True, map_location=chosen),
        partner=partner,
        device=torch.device(chosen),
    )
