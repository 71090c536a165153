"""Learner `curve`: what would be learned, by a curve that was fitted to recorded runs, so that an
agent's thousands of episodes cost seconds. It stands in for training and is none: `record.json` has
the curve's name, and the file its fit error.

A model is its version and what it has been trained on (`sim.learning_curve`). Outer optimizers,
distillation, parts and local rules are not modelled: their works count as plain ones.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import NamedTuple

import numpy as np

from sim.decision import Decision
from sim.learner import (
    Distillation,
    Evaluation,
    Feedback,
    Merged,
    Model,
    Outer,
    Part,
    Stages,
    Work,
)
from sim.learning_curve import Floats, LearningCurve

SHIPPED = Path(__file__).parent / "data"


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Read the curve from `file`, below the working directory or shipped in sim/learner/data."""

    file: str

    def curve(self) -> LearningCurve:
        """Return the curve; raises ValueError where there is none in the file."""
        path = Path(self.file) if Path(self.file).exists() else SHIPPED / self.file
        try:
            told = json.loads(path.read_text())
            return LearningCurve(**told)
        except (OSError, TypeError, ValueError) as error:
            shipped = ", ".join(sorted(one.name for one in SHIPPED.glob("*.json")))
            known = ", ".join(one.name for one in fields(LearningCurve))
            raise ValueError(
                f"learner.file must be a curve in JSON with the keys {known}, got {self.file!r} "
                f"({error}); try one of {shipped}, or python -m runners.fit_curve"
            ) from error


class Trained(NamedTuple):
    """A model that is nothing but what it has been trained on."""

    version: int
    samples: Floats


class CurveLearner:
    """Answer a mode's calls by a curve.

    `labels` are how many samples each partner has of each label, of shape (num_partners,
    num_labels); tests are of the labels of all.
    """

    def __init__(self, curve: LearningCurve, labels: Floats, batch_size: int) -> None:
        self.curve = curve
        self.balance = labels.sum(axis=0) / labels.sum()
        self._mixes = labels / labels.sum(axis=1, keepdims=True)
        self._batch_size = batch_size

    def initial_model(self, owner: int | None) -> Trained:
        """Return version 0, trained on nothing."""
        return Trained(0, np.zeros(len(self.balance)))

    def step(self, model: Model, works: Sequence[Work], stages: Stages | None = None) -> Merged:
        """Return the model after the works' steps, averaged."""
        held = [1 / len(works)] * len(works)
        return self.merge(model, works, held)

    def merge(
        self,
        model: Model,
        works: Sequence[Work],
        weights: Sequence[float],
        outer: Outer | None = None,
        distillation: Distillation | None = None,
        dropped: Sequence[int] = (),
    ) -> Merged:
        """Return the model with the works' weighted mean added."""
        update = np.zeros(len(self.balance))
        for work, weight in zip(works, weights, strict=True):
            update += weight * self._fresh(work, model) * self._drawn(work)
        samples = self.curve.after(_samples(model), update, self.balance, len(works))
        after = Trained(model.version + 1, samples)
        return Merged(model=after, feedback=lambda: self._feedback(works))

    def combine(
        self,
        model: Model,
        replicas: Sequence[Model],
        weights: Sequence[float],
        outer: Outer,
        part: Part | None,
    ) -> Trained:
        """Return the weighted mean of the replicas."""
        return Trained(model.version + 1, _mean(replicas, weights))

    def adopt(self, replicas: Sequence[Model], model: Model, part: Part | None) -> list[Model]:
        """Return replicas that have been trained on what the shared model has."""
        return [Trained(replica.version + 1, _samples(model)) for replica in replicas]

    def mix(self, models: Sequence[Model], weights: Sequence[Sequence[float]]) -> list[Model]:
        """Return each model's weighted mean of all."""
        rows = zip(models, weights, strict=True)
        return [Trained(model.version + 1, _mean(models, row)) for model, row in rows]

    def average(self, models: Sequence[Model], weights: Sequence[float]) -> Trained:
        """Return the weighted mean."""
        return Trained(1 + max(model.version for model in models), _mean(models, weights))

    def evaluate(self, models: Sequence[Model], jointly: bool = False) -> Evaluation:
        """Return the mean of the models' losses and accuracies by the curve."""
        found = [_samples(model) for model in models]
        return Evaluation(
            loss=float(np.mean([self.curve.loss(one, self.balance) for one in found])),
            accuracy=float(np.mean([self.curve.accuracy(one, self.balance) for one in found])),
        )

    def _fresh(self, work: Work, model: Model) -> float:
        lag = max(0, model.version - work.start.version)
        return float((1 + lag) ** -self.curve.staleness_exponent)

    def _drawn(self, work: Work) -> Floats:
        """Return the samples of each label that a work trains on."""
        return work.num_steps * self._batch_size * self._mix(work)

    def _mix(self, work: Work) -> Floats:
        if len(work.data_of) == 1:
            return np.asarray(self._mixes[work.data_of[0]])
        return np.asarray(self._mixes[list(work.data_of)].mean(axis=0))

    def agree(self, decision: Decision) -> Decision:
        """Return it: nobody else decides."""
        return decision

    def _feedback(self, works: Sequence[Work]) -> tuple[Feedback, ...]:
        """Return losses at the works' starts on partners' own labels; their spread over batches,
        and norms, are not modelled.
        """
        return tuple(self._feedback_of(work) for work in works)

    def _feedback_of(self, work: Work) -> Feedback:
        loss = self.curve.loss(_samples(work.start), self._mix(work))
        return Feedback(
            partner=work.partner, train_loss=loss, mean_square_loss=loss**2, update_norm=math.nan
        )


def _samples(model: Model) -> Floats:
    assert isinstance(model, Trained), "models come from this learner"
    return model.samples


def _mean(models: Sequence[Model], weights: Sequence[float]) -> Floats:
    rows = np.array([_samples(model) for model in models])
    share = np.asarray(weights, dtype=np.float64)
    return np.asarray(share @ rows / share.sum(), dtype=np.float64)
