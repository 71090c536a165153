"""Owns whose updates are inverted: batches of one partner's samples, and what an attacker takes for
their gradients, from the updates that one step on each of them makes.

Shapes are those of `runners.audit.gradients`.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch

from runners.audit.result import Protect
from runners.audit.settings import Settings
from runners.audit.subject import Subject
from runners.audit.updates import seen_updates
from runners.learner.flat_model import FlatModel
from runners.learner.local_training import LocalTraining
from runners.optimizer.sgd import Sgd
from runners.task import Task
from runners.task.supervised import Supervised


@dataclass(frozen=True, kw_only=True, eq=False)
class Victims:
    """Hold batches, and the gradients that an attacker sees of them, (num_victims, size).

    `decoys` are inputs that the same partner holds and that are in no batch.
    """

    model: FlatModel
    inputs: torch.Tensor
    targets: torch.Tensor
    seen: torch.Tensor
    decoys: torch.Tensor


def find_victims(
    subject: Subject, settings: Settings, protect: Protect, rng: np.random.Generator
) -> Victims:
    """Return victims; raises ValueError where the partner holds too few samples."""
    held = subject.job.assignment.train[subject.partner]
    size = settings.batch_size
    num_victims = min(settings.num_victims, len(held) // (2 * size))
    if num_victims < 2:
        raise ValueError(
            f"partner {subject.partner} holds {len(held)} samples, too few for 2 batches of {size} "
            "and as many others"
        )
    mixed = rng.permutation(held)
    batches = np.split(mixed[: num_victims * size], num_victims)
    others = mixed[num_victims * size :][: settings.num_decoys]
    training = subject.training(batches, _one_step(subject, size), is_private=True)
    inputs, targets = (
        flat.unflatten(0, (num_victims, size)) for flat in training.data.batch(np.stack(batches))
    )
    return Victims(
        model=training.model,
        inputs=inputs,
        targets=targets,
        seen=_gradients(training, protect, subject.num_together),
        decoys=training.data.batch(others)[0],
    )


def _one_step(subject: Subject, batch_size: int) -> Task:
    """Return the run's task with a batch of this size, and steps of plain SGD: what they change is
    minus the rate times the gradient.
    """
    task = subject.job.run.task
    assert isinstance(task, Supervised), "a task by numbers trains no model"
    rate = task.optimizer.learning_rate
    plain = Sgd(learning_rate=rate, momentum=0.0, nesterov=False, weight_decay=0.0, l1=0.0)
    return replace(task, batch_size=batch_size, optimizer=plain)


def _gradients(training: LocalTraining, protect: Protect, num_together: int) -> torch.Tensor:
    """Return what an attacker takes for the gradients of the partners' batches."""
    rate = training.task.optimizer.learning_rate
    seen = training.model.initial.new_empty(training.num_partners, training.model.size)
    for numbers, updates in seen_updates(training, 1, rate, protect, num_together):
        seen[list(numbers)] = updates / -rate
    return seen
