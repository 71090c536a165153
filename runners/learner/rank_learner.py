"""Owns learning on one rank: the sim.learner protocol, joined by all ranks in the same order.

A rank hosts the partners `rank, rank + size, …`. A shared model is on all ranks, a model with an
owner on its owner's rank. Merged updates are summed in float64 and per-step gradients in float32,
as Horovod users do; results agree on any number of ranks to rounding.

A step of a shared model and a merge are only begun (`under_way`), and steps of owned models are put
off (`owned_steps`): the simulation goes on, and whatever needs the result first waits for it.
"""

import secrets
from collections.abc import Callable, Sequence

import numpy as np
import torch

from runners.aggregation import Aggregation
from runners.attack import Attack
from runners.learner.distilling import Teacher, distil
from runners.learner.horovod import Ranks
from runners.learner.local_training import LocalTraining
from runners.learner.merging import Cohort, Merging, Update
from runners.learner.outer_optimizer import outer_step, outer_step_in
from runners.learner.owned_steps import OwnedSteps
from runners.learner.rates import Rates
from runners.learner.shared_step import SharedStep
from runners.learner.testing import Testing
from runners.learner.under_way import UnderWay
from runners.learner.version import Version, version_of
from runners.learner.wire_precision import rounded
from runners.privacy.chain import Chain
from runners.stopwatch import Stopwatch
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

EVERYWHERE = slice(None)


class RankLearner:
    """Train the partners that this rank hosts, and merge with the other ranks."""

    def __init__(
        self,
        *,
        ranks: Ranks,
        training: LocalTraining,
        rates: Rates,
        privacy: Chain,
        aggregation: Aggregation,
        attack: Attack,
        seed: int,
    ) -> None:
        self.stopwatch = Stopwatch(ranks.device)
        self.training = training
        self.rates = rates
        self.owned = OwnedSteps(ranks, training, rates, self.stopwatch)
        self.merging = Merging(
            ranks=ranks,
            training=training,
            privacy=privacy,
            aggregation=aggregation,
            attack=attack,
            stopwatch=self.stopwatch,
            seed=seed,
            secret=ranks.gather(secrets.randbits(256), "secret")[0],
        )
        self._under_way = UnderWay()
        self._shared = SharedStep(ranks, training, rates, self.stopwatch, self._under_way)
        self._testing = Testing(training)
        self._ranks = ranks

    def initial_model(self, owner: int | None) -> Version:
        """Return the initial weights, the same for everyone."""
        initial = self.training.model.initial
        vector = initial if self._keeps(owner) else None
        return Version(version=0, owner=owner, vector=vector)

    def step(self, model: Model, works: Sequence[Work], stages: Stages | None = None) -> Merged:
        """Take optimizer steps: the owner's own, or one with the average gradient of all works."""
        version = version_of(model)
        if version.owner is None:
            self.finish()
            return self._shared.begin(version, works, stages)
        (work,) = works
        end, number = self.owned.add(version, work)
        partner = work.partner  # a round keeps the call below, and must not keep any weights
        return Merged(model=end, feedback=lambda: self.owned.feedback(partner, number))

    def merge(
        self,
        model: Model,
        works: Sequence[Work],
        weights: Sequence[float],
        outer: Outer | None = None,
        distillation: Distillation | None = None,
        dropped: Sequence[int] = (),
    ) -> Merged:
        """Train every hosted work from its start, and begin to add the weighted updates of all
        ranks, or to let `outer` step with them.
        """
        self.finish()
        version = version_of(model)
        teachers: list[Teacher] | None = None if distillation is None else []
        update_of_all = self._begin(version, works, weights, outer, teachers, dropped)
        merged = version.next(None)
        told = torch.zeros(self.training.num_partners, 3, dtype=torch.float64)

        def finish() -> None:
            update = update_of_all()
            told[:, :2], told[:, 2] = update.losses, update.norms
            self._move(merged, version, update.vector, outer)
            self.merging.malicious.observe(version.weights(), merged.weights())
            if update.control_change is not None:
                change = update.control_change.to(torch.float32)
                merged.control = change if version.control is None else version.control + change
            if distillation is not None and teachers is not None:
                with self.stopwatch.phase("train"):
                    merged.vector = distil(
                        self._ranks, self.training, merged.weights(), teachers, distillation
                    )

        self._under_way.put(finish)
        partners = [work.partner for work in works]
        return Merged(model=merged, feedback=lambda: self._feedback(partners, told))

    def combine(
        self,
        model: Model,
        replicas: Sequence[Model],
        weights: Sequence[float],
        outer: Outer,
        part: Part | None,
    ) -> Version:
        """Sum what the replicas have moved over the ranks, and let `outer` step with it."""
        self.finish()
        version = version_of(model)
        where = self._run_of(part)
        total = torch.zeros_like(version.weights(), dtype=torch.float64)
        run = total[where]
        with self.stopwatch.phase("train"):
            for replica, weight in zip(map(version_of, replicas), weights, strict=True):
                if replica.vector is not None:
                    moved = replica.vector[where] - version.weights()[where]
                    if outer.wire_bytes_per_parameter is not None:
                        moved = rounded(moved[None], outer.wire_bytes_per_parameter)[0]
                    run.add_(moved, alpha=weight)
        with self.stopwatch.phase("communicate"):
            self._ranks.sum(run, f"combine.{len(run)}")
        return self._move(version.next(None), version, total, outer, where)

    def adopt(self, replicas: Sequence[Model], model: Model, part: Part | None) -> list[Model]:
        """Put the shared model's weights into the replicas that this rank keeps."""
        self.finish()
        weights, where = version_of(model).weights(), self._run_of(part)
        adopted: list[Model] = []
        for replica in map(version_of, replicas):
            vector = None
            if replica.vector is not None:
                vector = replica.vector.clone()
                vector[where] = weights[where]
            adopted.append(replica.next(vector))
        return adopted

    def average(self, models: Sequence[Model], weights: Sequence[float]) -> Version:
        """Return the weighted mean of shared models; all ranks have them, so no byte moves."""
        self.finish()
        versions = [version_of(model) for model in models]
        total = torch.zeros_like(versions[0].weights(), dtype=torch.float64)
        for version, weight in zip(versions, weights, strict=True):
            total.add_(version.weights(), alpha=weight)
        newest = max(versions, key=lambda version: version.version)
        return newest.next(total.to(torch.float32))

    def mix(self, models: Sequence[Model], weights: Sequence[Sequence[float]]) -> list[Model]:
        """Show all owned models to all ranks, and take the means of those that this rank keeps."""
        self.finish()
        versions = [version_of(model) for model in models]
        owners = [version.owner for version in versions]
        if None in owners:
            raise ValueError(
                f"mix needs models that partners own, got some of {owners}; a shared one, which "
                "nobody owns, is on all ranks"
            )
        shape = (len(versions), self.training.model.size)
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

    def evaluate(self, models: Sequence[Model], jointly: bool = False) -> Evaluation:
        """Return the mean over `models`, or what they say `jointly`; a shared model's test set is
        divided among the ranks.
        """
        self.finish()
        with self.stopwatch.phase("communicate"):  # waiting for ranks that still train is no test
            self._ranks.sum(torch.zeros(1), "before evaluation")
        with self.stopwatch.phase("evaluate"):
            versions = [version_of(model) for model in models]
            if jointly:
                sums = self._testing.joint_sums(self._mean_prediction(versions))
            else:
                sums = self._mean_sums(versions)
        loss, accuracy = (sums / self._testing.num_samples).tolist()
        return Evaluation(loss=loss, accuracy=max(0.0, accuracy))

    def agree(self, decision: Decision) -> Decision:
        """Return rank 0's decision."""
        with self.stopwatch.phase("communicate"):
            rank_0s, *_ = self._ranks.gather(decision, "decision")
        agreed: Decision = rank_0s
        return agreed

    def test_probabilities(self, model: Model) -> np.ndarray | None:
        """Return class probabilities of the test set; None where the model is not kept."""
        return self._told(model, self._testing.probabilities)

    def triggered_probabilities(self, model: Model) -> np.ndarray | None:
        """Return those of the test set with the attack's trigger in it; None likewise."""
        return self._told(model, self._testing.triggered_probabilities)

    def _told(self, model: Model, tell: Callable[[Version], torch.Tensor]) -> np.ndarray | None:
        self.finish()
        version = version_of(model)
        return tell(version).cpu().numpy() if self._keeps(version.owner) else None

    def finish(self) -> None:
        """Wait for the sum that is under way, and take the steps that are put off."""
        self._under_way.finish()
        self.owned.compute()

    def _feedback(self, partners: Sequence[int], told: torch.Tensor) -> tuple[Feedback, ...]:
        """Return feedback from loss moments and norms alone: a round keeps the call of this, and
        must not keep any weights.
        """
        self._under_way.finish()
        return tuple(
            Feedback(
                partner=partner,
                train_loss=float(told[partner, 0]),
                mean_square_loss=float(told[partner, 1]),
                update_norm=float(told[partner, 2]),
            )
            for partner in partners
        )

    def _keeps(self, owner: int | None) -> bool:
        return owner is None or owner % self._ranks.size == self._ranks.rank

    def _run_of(self, part: Part | None) -> slice:
        """Return where a run of layers lies in a vector."""
        return EVERYWHERE if part is None else self.training.parts.run(part)

    def _begin(
        self,
        version: Version,
        works: Sequence[Work],
        weights: Sequence[float],
        outer: Outer | None,
        teachers: list[Teacher] | None,
        dropped: Sequence[int],
    ) -> Callable[[], Update]:
        num_steps = [work.num_steps for work in works]
        num_samples = sum(num_steps) * self.training.task.batch_size
        control = version.control
        if control is None and works[0].rule.uses_controls:
            control = torch.zeros_like(self.training.model.gradient)
        cohort = Cohort(
            works=works,
            weights=weights,
            rates=self.rates.take(max(num_steps), num_samples),
            wire_bytes_per_parameter=None if outer is None else outer.wire_bytes_per_parameter,
            control=control,
            teachers=teachers,
            dropped=tuple(dropped),
        )
        return self.merging.begin(cohort)

    def _move(
        self,
        moved: Version,
        version: Version,
        update: torch.Tensor,
        outer: Outer | None,
        where: slice = EVERYWHERE,
    ) -> Version:
        """Give the next version its weights, moved by an update or by the outer optimizer's step,
        and return it.
        """
        state = version.outer
        if outer is not None and where == EVERYWHERE:
            update, state = outer_step(update, state, outer)
        elif outer is not None:
            update, state = outer_step_in(where, update, state, outer)
        moved.vector = (version.weights() + update).to(torch.float32)
        moved.outer = state
        return moved

    def _mean_sums(self, versions: Sequence[Version]) -> torch.Tensor:
        """Return what all models together get, divided by how many there are."""
        everything, my_part = slice(None), slice(self._ranks.rank, None, self._ranks.size)
        sums = torch.zeros(2, dtype=torch.float64)
        known: dict[int, torch.Tensor] = {}  # untrained models are one and the same
        for version in versions:
            if self._keeps(version.owner):
                vector = version.weights()
                if id(vector) not in known:
                    part = my_part if version.owner is None else everything
                    known[id(vector)] = self._testing.sums(version, part)
                sums += known[id(vector)]
        self._ranks.sum(sums, "evaluate")
        return sums / len(versions)

    def _mean_prediction(self, versions: Sequence[Version]) -> torch.Tensor:
        """Return the mean of all models' probabilities, on all ranks."""
        total = torch.zeros_like(self._testing.probabilities(self.initial_model(None)))
        for version in versions:
            if self._keeps(version.owner) and (version.owner is not None or self._ranks.rank == 0):
                total += self._testing.probabilities(version) / len(versions)
        self._ranks.sum(total, "predictions")
        return total


def _weighted_sum(rows: torch.Tensor, weights: Sequence[float]) -> torch.Tensor:
    """Return the weighted sum of the rows that have a weight, computed in float64."""
    used = [number for number, weight in enumerate(weights) if weight]
    factors = torch.tensor([weights[number] for number in used], dtype=torch.float64)
    return (factors.to(rows.device) @ rows[used].double()).to(torch.float32)
