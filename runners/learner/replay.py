"""Owns how a run's learning is put down on disk at every evaluation, and gone on with.

A protocol is a process on the virtual clock and can't be put down. But it is deterministic, and
cheap without learning: a resumed run goes through it again from the start, and until it is where
the checkpoint was taken every call is answered from the checkpoint's journal instead of being
computed. Then the versions that the protocol holds get their weights back, and all goes on.

Versions are known by the number of the call that made them. All ranks make the same calls.
"""

import time
from collections.abc import Callable, Sequence
from itertools import count
from weakref import WeakValueDictionary

from runners.learner.checkpoint import Checkpoint, Checkpoints, History, Journal
from runners.learner.rank_learner import RankLearner
from runners.learner.version import Version, version_of
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


class ReplayingLearner:
    """Answer from a checkpoint as far as it goes, then learn, and take checkpoints."""

    def __init__(self, learner: RankLearner, checkpoints: Checkpoints) -> None:
        self._learner = learner
        self._checkpoints = checkpoints
        self._saved: Checkpoint | None = checkpoints.load()
        self._started = time.perf_counter()
        before = self._saved.history if self._saved else None
        self._earlier_wall_s = before.total_wall_s if before else 0.0
        self._num_resumes = before.num_resumes + 1 if before else 0
        self._journal = self._saved.journal if self._saved else Journal()
        self._asked: dict[int, Callable[[], tuple[Feedback, ...]]] = {}
        self._versions: WeakValueDictionary[int, Version] = WeakValueDictionary()
        self._version_numbers = count()
        self._num_calls = 0

    def history(self) -> History:
        """Return what the run has taken so far, before and after it was resumed."""
        return History(
            total_wall_s=self._earlier_wall_s + time.perf_counter() - self._started,
            num_resumes=self._num_resumes,
        )

    def initial_model(self, owner: int | None) -> Version:
        """Return the untrained model."""
        if self._is_replaying():
            return self._known(Version(version=0, owner=owner, vector=None))
        return self._known(self._learner.initial_model(owner))

    def step(self, model: Model, works: Sequence[Work], stages: Stages | None = None) -> Merged:
        """Take optimizer steps."""
        if self._is_replaying():
            return self._replayed(model)
        return self._noted(self._learner.step(model, works, stages))

    def merge(
        self,
        model: Model,
        works: Sequence[Work],
        weights: Sequence[float],
        outer: Outer | None = None,
        distillation: Distillation | None = None,
        dropped: Sequence[int] = (),
    ) -> Merged:
        """Train and merge."""
        if self._is_replaying():
            return self._replayed(model)
        return self._noted(self._learner.merge(model, works, weights, outer, distillation, dropped))

    def combine(
        self,
        model: Model,
        replicas: Sequence[Model],
        weights: Sequence[float],
        outer: Outer,
        part: Part | None,
    ) -> Version:
        """Step the shared model with what replicas have moved."""
        if self._is_replaying():
            return self._next(model)
        return self._known(self._learner.combine(model, replicas, weights, outer, part))

    def adopt(self, replicas: Sequence[Model], model: Model, part: Part | None) -> list[Model]:
        """Put the shared model's weights into replicas."""
        if self._is_replaying():
            return [self._next(replica) for replica in replicas]
        return self._all_known(self._learner.adopt(replicas, model, part))

    def mix(self, models: Sequence[Model], weights: Sequence[Sequence[float]]) -> list[Model]:
        """Take weighted means of owned models."""
        if self._is_replaying():
            return [self._next(model) for model in models]
        return self._all_known(self._learner.mix(models, weights))

    def average(self, models: Sequence[Model], weights: Sequence[float]) -> Version:
        """Take the weighted mean of shared models."""
        if self._is_replaying():
            return self._next(max(models, key=lambda model: model.version))
        return self._known(self._learner.average(models, weights))

    def evaluate(self, models: Sequence[Model], jointly: bool = False) -> Evaluation:
        """Evaluate, and take a checkpoint; the checkpoint's own evaluation is its last call."""
        if self._is_replaying():
            number = self._num_calls
            if self._saved is not None and number == self._saved.num_calls:
                self._go_on(self._saved)
            return self._journal.evaluations[number]
        evaluation = self._learner.evaluate(models, jointly)
        self._journal.evaluations[self._num_calls] = evaluation
        self._save()
        return evaluation

    def agree(self, decision: Decision) -> Decision:
        """Return the decision that holds for all ranks."""
        if self._is_replaying():
            return self._journal.decisions[self._num_calls]
        decision = self._journal.decisions[self._num_calls] = self._learner.agree(decision)
        return decision

    def _is_replaying(self) -> bool:
        """Count a call, and tell whether the checkpoint has it."""
        self._num_calls += 1
        return self._saved is not None and self._num_calls <= self._saved.num_calls

    def _known(self, version: Version) -> Version:
        self._versions[next(self._version_numbers)] = version
        return version

    def _all_known(self, versions: Sequence[Model]) -> list[Model]:
        return [self._known(version_of(version)) for version in versions]

    def _next(self, model: Model) -> Version:
        """Return a version without weights, until the checkpoint gives it them."""
        return self._known(version_of(model).next(None))

    def _replayed(self, model: Model) -> Merged:
        feedback = self._journal.feedback[self._num_calls]
        return Merged(model=self._next(model), feedback=lambda: feedback)

    def _noted(self, merged: Merged) -> Merged:
        self._known(version_of(merged.model))
        self._asked[self._num_calls] = merged.feedback
        return merged

    def _save(self) -> None:
        """Put everything down; asks for all feedback, which the journal must have."""
        with self._learner.stopwatch.phase("checkpoint"):
            asked, self._asked = self._asked, {}
            self._journal.feedback |= {number: feedback() for number, feedback in asked.items()}
            self._checkpoints.save(
                Checkpoint.of(
                    self._num_calls,
                    self.history(),
                    self._journal,
                    dict(self._versions),
                    self._learner,
                )
            )

    def _go_on(self, saved: Checkpoint) -> None:
        """Give the versions that are still held, and the learner, what they had."""
        saved.give_back(dict(self._versions), self._learner)
        self._saved = None
