"""Owns the step of a shared model: the average gradient of all works, summed over the ranks while
the simulation goes on.
"""

from collections.abc import Sequence

import torch

from runners.learner.horovod import Ranks
from runners.learner.local_training import LocalTraining
from runners.learner.pipeline import StagedGradient
from runners.learner.rates import Rates
from runners.learner.under_way import UnderWay
from runners.learner.version import Version, version_of
from runners.stopwatch import Stopwatch
from sim.learner import Feedback, Merged, Stages, Work


class SharedStep:
    """Take steps of shared models, one after the other."""

    def __init__(
        self,
        ranks: Ranks,
        training: LocalTraining,
        rates: Rates,
        stopwatch: Stopwatch,
        under_way: UnderWay,
    ) -> None:
        self._ranks = ranks
        self._training = training
        self._rates = rates
        self._stopwatch = stopwatch
        self._under_way = under_way
        self._staged: dict[Stages, StagedGradient | None] = {}

    def begin(self, version: Version, works: Sequence[Work], stages: Stages | None) -> Merged:
        """Compute this rank's part of the gradient, and begin the sum."""
        start = works[0].start
        if any(work.num_steps != 1 or work.start is not start for work in works):
            raise ValueError(
                "a step of a shared model needs works of one step from one version, got works of "
                f"{[work.num_steps for work in works]} from {len({id(one.start) for one in works})}"
            )
        training, model = self._training, self._training.model
        held = [training.num_held(work) for work in works]
        weights = [one / sum(held) for one in held]
        training.note_steps(works, weights)
        with self._stopwatch.phase("train"):
            self._compute(works, weights, version_of(start).weights(), stages)
            wait = self._ranks.start_sum(model.buffer, "step")
        number = self._rates.num_samples
        (rate,) = self._rates.take(1, len(works) * training.task.batch_size)
        merged = version.next(None)
        losses = torch.zeros(len(model.tail))

        def finish() -> None:
            with self._stopwatch.phase("communicate"):
                wait()
            with self._stopwatch.phase("train"):
                training.add_noise(works, weights, number)
                merged.vector = self._stepped(version, rate)
                losses.copy_(model.tail)

        self._under_way.put(finish)
        partners = [work.partner for work in works]
        return Merged(model=merged, feedback=lambda: self._feedback(partners, losses))

    def _compute(
        self,
        works: Sequence[Work],
        weights: Sequence[float],
        start: torch.Tensor,
        stages: Stages | None,
    ) -> None:
        training = self._training
        if training.example_rule is not None:
            stages = None  # no rank sees the whole of an example's gradient, so none can clip it
        if stages is not None and stages not in self._staged:
            self._staged[stages] = StagedGradient.of(self._ranks, training, stages)
        staged = None if stages is None else self._staged[stages]
        if staged is not None:
            staged.compute(works, weights, start)
            return
        hosted = [
            number
            for number, work in enumerate(works)
            if work.partner % self._ranks.size == self._ranks.rank
        ]
        training.average_gradient(
            [works[number] for number in hosted], [weights[number] for number in hosted], start
        )

    def _stepped(self, version: Version, rate: float) -> torch.Tensor:
        model = self._training.model
        vector = version.weights().clone()
        weights = vector[None, : model.num_parameters]
        optimizer = self._training.task.optimizer
        optimizer.step(weights, model.gradient[None], version.optimizer, rate)
        vector[model.num_parameters :] += model.statistics_change
        return vector

    def _feedback(self, partners: Sequence[int], losses: torch.Tensor) -> tuple[Feedback, ...]:
        self._under_way.finish()
        return tuple(
            Feedback(
                partner=partner,
                train_loss=float(losses[partner]),
                mean_square_loss=float(losses[partner]) ** 2,
                update_norm=float("nan"),
            )
            for partner in partners
        )
