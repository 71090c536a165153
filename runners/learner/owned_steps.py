"""Owns steps of models that partners own: they are put off until somebody needs them, so that all
partners' steps are one cohort.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch

from runners.learner.horovod import Ranks
from runners.learner.local_training import LocalTraining
from runners.learner.rates import Rates
from runners.learner.version import Version
from runners.stopwatch import Stopwatch
from sim.learner import Feedback, Part, Work


class Step(NamedTuple):
    """A work, the version that it starts from, the one that comes out, and the work's number."""

    work: Work
    start: Version
    end: Version
    number: int


class OwnedSteps:
    """Take steps of owned models, many at once."""

    def __init__(
        self, ranks: Ranks, training: LocalTraining, rates: Rates, stopwatch: Stopwatch
    ) -> None:
        self.losses: list[list[float]] = []  # moments, work by work
        self._known_losses: list[list[float]] = []
        self._ranks = ranks
        self._training = training
        self._rates = rates
        self._stopwatch = stopwatch
        self._waiting: list[Step] = []

    def add(self, start: Version, work: Work) -> tuple[Version, int]:
        """Return the version after a work, to be computed, and the work's number."""
        if any(step.end is start for step in self._waiting):
            self.compute()
        self._training.note_steps([work])
        end = start.next(None)
        end.part = work.part
        number = len(self.losses)
        self.losses.append([0.0, 0.0])
        self._waiting.append(Step(work, start, end, number))
        return end, number

    def compute(self) -> None:
        """Take the steps that wait; all ranks must call it at the same place."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        most = max(step.work.num_steps for step in waiting)
        total = sum(step.work.num_steps for step in waiting)
        rates = self._rates.take(most, total * self._training.task.batch_size)
        hosted = [step for step in waiting if step.start.vector is not None]
        with self._stopwatch.phase("train"):
            for part in dict.fromkeys(step.work.part for step in hosted):
                self._train(part, [step for step in hosted if step.work.part == part], rates)

    def _train(self, part: Part | None, steps: Sequence[Step], rates: Sequence[float]) -> None:
        indices = self._training.parts.indices(part)
        starts = [step.start.weights() for step in steps]
        jobs = [
            self._training.job(
                step.work,
                start if indices is None else start[indices],
                step.start.optimizer,
            )
            for step, start in zip(steps, starts, strict=True)
        ]
        for piece in self._training.train(part, jobs, rates):
            losses = piece.losses.tolist()
            for number, end, loss in zip(piece.numbers, piece.ends, losses, strict=True):
                vector = starts[number].clone() if indices is not None else end.clone()
                if indices is not None:
                    vector[indices] = end
                steps[number].end.vector = vector
                self.losses[steps[number].number] = loss

    def feedback(self, partner: int, number: int) -> tuple[Feedback, ...]:
        """Return the loss of a work; the first to ask shares all new losses with all ranks."""
        self.compute()
        if number >= len(self._known_losses):
            losses = torch.tensor(self.losses, dtype=torch.float64)
            self._ranks.sum(losses, f"losses.{len(losses)}")
            self._known_losses = losses.tolist()
        loss, square = self._known_losses[number]
        return (
            Feedback(
                partner=partner,
                train_loss=loss,
                mean_square_loss=square,
                update_norm=float("nan"),
            ),
        )
