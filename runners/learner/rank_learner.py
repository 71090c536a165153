"""Owns learning on one rank: the sim.learner protocol, joined by all ranks in the same order.

A rank hosts the partners `rank, rank + size, …`. A shared model is on all ranks, a model with an
owner on its owner's rank. Updates are summed in float64, so the result does not depend on how
partners are spread over ranks; per-step gradients are summed in float32, as Horovod users do, which
agrees to rounding.

The sum of a step is only begun by `step`: the simulation goes on while the bytes move, and whatever
needs the result first waits for it. Loss and norm of each partner travel in the tail of that sum.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from runners.learner.horovod import Ranks
from runners.learner.local_training import LocalTraining
from runners.learner.optimizer import Optimizer
from runners.learner.outer_optimizer import check_outer, outer_step
from runners.privacy import Privacy
from runners.stopwatch import Stopwatch
from runners.task import Task
from sim.learner import Evaluation, Feedback, Merged, Model, Outer, Work


@dataclass(kw_only=True)
class Version:
    """A version of a model, and the optimizer that its line of versions goes on with.

    `vector` is None on ranks that don't keep it, and until the sum that makes it has come in.
    `velocity` is the outer optimizer's, None where it has none yet.
    """

    version: int
    owner: int | None
    vector: torch.Tensor | None
    optimizer: Optimizer
    velocity: torch.Tensor | None = None

    def weights(self) -> torch.Tensor:
        """Return the weights; they must be kept on this rank."""
        assert self.vector is not None, "the weights of this version are kept on another rank"
        return self.vector

    def next(self, vector: torch.Tensor | None) -> "Version":
        """Return the version after this one."""
        return Version(
            version=self.version + 1,
            owner=self.owner,
            vector=vector,
            optimizer=self.optimizer,
            velocity=self.velocity,
        )


class RankLearner:
    """Train the partners that this rank hosts, and merge with the other ranks."""

    def __init__(
        self, *, ranks: Ranks, task: Task, training: LocalTraining, privacy: Privacy, num_test: int
    ) -> None:
        self.stopwatch = Stopwatch(ranks.device)
        self._ranks = ranks
        self._task = task
        self._training = training
        self._privacy = privacy
        self._num_test = num_test
        self._unfinished: Callable[[], None] | None = None
        self._owned_losses: list[float] = []
        self._known_losses: list[float] = []

    def initial_model(self, owner: int | None) -> Version:
        """Return the initial weights, the same for everyone."""
        initial = self._training.model.initial
        return Version(
            version=0,
            owner=owner,
            vector=initial if self._keeps(owner) else None,
            optimizer=Optimizer(self._task, initial),
        )

    def step(self, model: Model, works: Sequence[Work]) -> Merged:
        """Take optimizer steps: the owner's own, or one with the average gradient of all works."""
        _check_whole(works)
        self.finish()
        version = _version(model)
        if version.owner is not None:
            return self._own_steps(version, works)
        return self._shared_step(version, works)

    def merge(
        self,
        model: Model,
        works: Sequence[Work],
        weights: Sequence[float],
        outer: Outer | None = None,
    ) -> Merged:
        """Train every hosted work from its start, and add the weighted updates of all ranks, or let
        `outer` step with them.
        """
        check_outer(outer, works)
        _check_whole(works)
        self.finish()
        num_parameters = self._training.model.num_parameters
        num_slots = num_parameters + 2 * len(self._training.model.tail)
        total = torch.zeros(num_slots, dtype=torch.float64, device=self._ranks.device)
        update_sum, tail = total[:num_parameters], total[num_parameters:].view(2, -1)
        with self.stopwatch.phase("train"):
            for work, weight in zip(works, weights, strict=True):
                if self._hosts(work.partner):
                    update, loss = self._update(work)
                    update_sum.add_(update, alpha=weight)
                    tail[0, work.partner] = loss
                    tail[1, work.partner] = torch.linalg.vector_norm(update)
        with self.stopwatch.phase("communicate"):
            self._ranks.sum(total, "merge")
        version = _version(model)
        velocity = version.velocity
        if outer is not None:
            update_sum, velocity = outer_step(update_sum, velocity, outer)
        merged = version.next((version.weights() + update_sum).to(torch.float32))
        merged.velocity = velocity
        losses, norms = tail.cpu()
        partners = [work.partner for work in works]
        return Merged(model=merged, feedback=lambda: _feedback(partners, losses, norms))

    def average(self, models: Sequence[Model], weights: Sequence[float]) -> Version:
        """Return the weighted mean of shared models; all ranks have them, so no byte moves."""
        self.finish()
        versions = [_version(model) for model in models]
        total = torch.zeros_like(versions[0].weights(), dtype=torch.float64)
        for version, weight in zip(versions, weights, strict=True):
            total.add_(version.weights(), alpha=weight)
        newest = max(versions, key=lambda version: version.version)
        return newest.next(total.to(torch.float32))

    def mix(self, models: Sequence[Model], weights: Sequence[Sequence[float]]) -> list[Model]:
        """Show all owned models to all ranks, and take the means of those that this rank keeps."""
        self.finish()
        versions = [_version(model) for model in models]
        if any(version.owner is None for version in versions):
            raise ValueError("mix needs models that partners own; a shared one is on all ranks")
        shape = (len(versions), self._training.model.num_parameters)
        rows = torch.zeros(shape, device=self._ranks.device)  # zeros elsewhere, so sums are exact
        for row, version in zip(rows, versions, strict=True):
            if self._keeps(version.owner):
                row.copy_(version.weights())
        with self.stopwatch.phase("communicate"):
            self._ranks.sum(rows, "mix")
        with self.stopwatch.phase("train"):
            return [
                version.next(_weighted_sum(rows, row) if self._keeps(version.owner) else None)
                for version, row in zip(versions, weights, strict=True)
            ]

    def evaluate(self, models: Sequence[Model]) -> Evaluation:
        """Return the mean over `models`; a shared model's test set is divided among the ranks."""
        self.finish()
        everything, my_part = slice(None), slice(self._ranks.rank, None, self._ranks.size)
        sums = torch.zeros(2, dtype=torch.float64)
        known: dict[int, torch.Tensor] = {}  # untrained models are one and the same
        with self.stopwatch.phase("communicate"):  # waiting for ranks that still train is no test
            self._ranks.sum(torch.zeros(1), "before evaluation")
        with self.stopwatch.phase("evaluate"):
            for version in map(_version, models):
                if self._keeps(version.owner):
                    part = my_part if version.owner is None else everything
                    vector = version.weights()
                    if id(vector) not in known:
                        known[id(vector)] = self._training.test_sums(vector, part)
                    sums += known[id(vector)]
            self._ranks.sum(sums, "evaluate")
        loss, accuracy = (sums / (len(models) * self._num_test)).tolist()
        return Evaluation(loss=loss, accuracy=accuracy)

    def test_probabilities(self, model: Model) -> np.ndarray | None:
        """Return class probabilities of the test set; None where the model is not kept."""
        self.finish()
        version = _version(model)
        if not self._keeps(version.owner):
            return None
        return self._training.test_probabilities(version.weights())

    def finish(self) -> None:
        """Wait for the sum that is under way, if there is one."""
        if self._unfinished is not None:
            unfinished, self._unfinished = self._unfinished, None
            unfinished()

    def _hosts(self, partner: int) -> bool:
        return partner % self._ranks.size == self._ranks.rank

    def _keeps(self, owner: int | None) -> bool:
        return owner is None or self._hosts(owner)

    def _update(self, work: Work) -> tuple[torch.Tensor, torch.Tensor]:
        """Return what a work changes, as it leaves its partner, and its mean loss."""
        start = _version(work.start).weights()
        end, loss = self._training.train(work, start, Optimizer(self._task, start))
        return self._privacy.protect(end - start), loss

    def _own_steps(self, version: Version, works: Sequence[Work]) -> Merged:
        (work,) = works
        vector, loss = None, 0.0
        if self._keeps(version.owner):
            with self.stopwatch.phase("train"):
                start = version.weights()
                vector, mean_loss = self._training.train(work, start, version.optimizer)
                loss = float(mean_loss)
        number, partner = len(self._owned_losses), work.partner
        self._owned_losses.append(loss)
        return Merged(
            model=version.next(vector), feedback=lambda: self._owned_feedback(partner, number)
        )

    def _shared_step(self, version: Version, works: Sequence[Work]) -> Merged:
        start = works[0].start
        if any(work.num_steps != 1 or work.start is not start for work in works):
            raise ValueError("a step of a shared model needs works of one step from one version")
        model = self._training.model
        with self.stopwatch.phase("train"):
            held = [self._training.num_held(work) for work in works]
            hosted = [number for number, work in enumerate(works) if self._hosts(work.partner)]
            self._training.average_gradient(
                [works[number] for number in hosted],
                [held[number] / sum(held) for number in hosted],
                _version(start).weights(),
            )
            wait = self._ranks.start_sum(model.buffer, "step")
        merged = version.next(None)
        partners = [work.partner for work in works]
        losses = torch.zeros(len(model.tail))

        def finish() -> None:
            with self.stopwatch.phase("communicate"):
                wait()
            with self.stopwatch.phase("train"):
                merged.vector = version.optimizer.begin(version.weights())
                version.optimizer.step(model.gradient)
                losses.copy_(model.tail)

        def feedback() -> tuple[Feedback, ...]:
            self.finish()
            return _feedback(partners, losses, torch.full_like(losses, float("nan")))

        self._unfinished = finish
        return Merged(model=merged, feedback=feedback)

    def _owned_feedback(self, partner: int, number: int) -> tuple[Feedback, ...]:
        """Return the loss of an owned model's work; the first to ask shares all new losses."""
        if number >= len(self._known_losses):
            losses = torch.tensor(self._owned_losses, dtype=torch.float64)
            self._ranks.sum(losses, f"losses.{len(losses)}")
            self._known_losses = losses.tolist()
        loss = self._known_losses[number]
        return (Feedback(partner=partner, train_loss=loss, update_norm=float("nan")),)


def _version(model: Model) -> Version:
    assert isinstance(model, Version), "models come from this learner and go back to it"
    return model


def _check_whole(works: Sequence[Work]) -> None:
    if any(work.part is not None for work in works):
        raise ValueError(
            "learner=horovod can't train parts of a model yet; try learner=none, or with "
            "mode=partner/submodel mode.fractions=[1.0]"
        )


def _weighted_sum(rows: torch.Tensor, weights: Sequence[float]) -> torch.Tensor:
    """Return the weighted sum of the rows that have a weight, computed in float64."""
    used = [number for number, weight in enumerate(weights) if weight]
    factors = torch.tensor([weights[number] for number in used], dtype=torch.float64)
    return (factors.to(rows.device) @ rows[used].double()).to(torch.float32)


def _feedback(
    partners: Sequence[int], losses: torch.Tensor, norms: torch.Tensor
) -> tuple[Feedback, ...]:
    """Return feedback that holds numbers only: a round keeps it, and must not keep any weights."""
    return tuple(
        Feedback(
            partner=partner, train_loss=float(losses[partner]), update_norm=float(norms[partner])
        )
        for partner in partners
    )
