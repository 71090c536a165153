"""Owns what a rank computes by itself: gradients, local steps and outputs, on vectors of weights.

No communication here; `runners.learner.rank_learner` joins the ranks. Vectors are those of
`flat_model`, on the rank's device. A part of a model (`sim.learner.Part`) is a smaller model of its
own, with vectors of its own size.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch

from runners.example_ledger import ExampleLedger
from runners.example_rule import ExampleRule
from runners.learner.batches import Batches
from runners.learner.cohort import Factors, Job, Summary, Trained
from runners.learner.engines import Engines
from runners.learner.example_batches import ExampleBatches, union_step
from runners.learner.flat_model import FlatModel
from runners.learner.parts import PartModels
from runners.learner.private_gradient import PrivateGradient, example_weights
from runners.learner.rank_data import RankData
from runners.learner.transfer import start_from
from runners.optimizer import State
from runners.partition import Assignment
from runners.task import Task
from runners.training import Training
from sim.learner import Part, Work
from sim.streams import stream

TEST_NUMBERS = 2**21
"""Numbers in a batch of inputs or outputs when models are tested: what the cache bears."""

MAX_ENGINES = 256
"""Parts whose engines are kept. Independent parts are new ones every round."""

LEDGER = "example ledger"

Name = tuple[str | int, ...]
"""What an order of samples is for, and whose samples they are."""


class LocalTraining:
    """Train one task's model on the samples that partners hold."""

    def __init__(
        self,
        *,
        task: Task,
        training: Training,
        data: RankData,
        assignment: Assignment,
        seed: int,
        example_rule: ExampleRule | None = None,
    ) -> None:
        """`example_rule` is what every step follows that trains on partners' samples; None where
        single examples are not hidden.
        """
        self.task = task
        self.data = data
        self._augmentation = training.augmentation
        self._assignment = assignment
        self._seed = seed
        self.example_rule = example_rule
        self._batches: dict[Name, Batches] = {}
        self._sample_weights: dict[tuple[float, ...], torch.Tensor] = {}
        self._engines: dict[Part | None, Engines] = {}
        self._earlier_engines: list[str] = []
        torch.manual_seed(int(stream(seed, "model").integers(2**63)))
        module = task.new_module()
        self.model = FlatModel(module, task.loss, data.device, tail=len(assignment.train))
        if training.start_from is not None:
            start_from(training.start_from, self.model)
        self.parts = PartModels(self.model, task.hidden_axes(), seed)
        self.ledger: ExampleLedger | None = None
        self._drawn: Counter[tuple[int, ...]] = Counter()
        self._private: PrivateGradient | None = None
        if example_rule is not None:
            num_held = [len(samples) for samples in assignment.train]
            self.ledger = ExampleLedger(example_rule, num_held, task.batch_size)
            self._private = PrivateGradient(self.model, example_rule, seed)

    @property
    def num_partners(self) -> int:
        """The partners that hold samples, on this rank and others."""
        return len(self._assignment.train)

    def engine_names(self) -> list[str]:
        """Return which engines have done jobs so far, each with the first reason for it."""
        now = [text for engines in self._engines.values() for text in engines.used]
        reasons: dict[str, str] = {}
        for text in (*self._earlier_engines, *now):
            reasons.setdefault(text.partition(":")[0], text)
        return sorted(reasons.values())

    def num_held(self, work: Work) -> int:
        """Return the training samples that a work may draw from."""
        return sum(len(self._assignment.train[partner]) for partner in work.data_of)

    def job(self, work: Work, start: torch.Tensor, state: State | None, **rule: Any) -> Job:
        """Return a work as a job from `start`, a vector of the work's part; draws its samples."""
        if self.example_rule is not None:
            return self._private_job(work, start, state, **rule)
        batches = self._order("batches", work.data_of)
        shape = (work.num_steps, self.task.batch_size)
        return Job(
            start=start,
            samples=batches.take(shape[0] * shape[1]).reshape(shape),
            draws=batches.draws(shape),
            seed=0 if self.model.is_sample_wise else batches.seed(),
            state=state,
            **rule,
        )

    def train(
        self, part: Part | None, jobs: Sequence[Job], rates: Sequence[float]
    ) -> Iterator[Trained]:
        """Yield every job's weights, in pieces."""
        return self._engine(part).choose(jobs).train(jobs, rates)

    def add_updates(
        self,
        part: Part | None,
        jobs: Sequence[Job],
        rates: Sequence[float],
        factors: Factors,
        total: torch.Tensor,
    ) -> Summary:
        """Add every job's update times its factor to `total`, float64."""
        return self._engine(part).choose(jobs).add_updates(jobs, rates, factors, total)

    def inputs(self, data_of: tuple[int, ...], num_batches: int) -> tuple[torch.Tensor, int]:
        """Return the inputs of the next batches, (num_batches * batch_size, …), and a seed for
        dropout; the same on all ranks.
        """
        if self.example_rule is not None:
            raise ValueError(
                "mode.fusion must not be distillation with privacy=dp_sgd, since a partner's "
                "samples go into it as they are; try mode.fusion=average"
            )
        # Teachers are spread over the ranks, so all ranks draw, and from an order of its own.
        order = self._order("distillation", data_of)
        numbers = order.take(num_batches * self.task.batch_size)
        return self.data.batch(numbers)[0], order.seed()

    def average_gradient(
        self, works: Sequence[Work], weights: Sequence[float], start: torch.Tensor
    ) -> None:
        """Leave the weighted sum of the works' gradients at `start` in the model's buffer.

        The works are one batch where samples don't mix: gradients at the same weights add up, and
        one large product is faster than many small ones. Behind the gradient stands the mean loss
        of each partner. With a rule for examples they are clipped sums, without noise.
        """
        if self._private is not None:
            self._add_clipped(self._private, works, weights, start)
            return
        if not (works and self.model.is_sample_wise):
            self._add_gradients(works, weights, start)
            return
        losses = self.model.tail.zero_()
        inputs, targets = self.union_batch(works)
        self.model.at(start)
        sample_losses = self.model.backward(inputs, targets, self.per_sample(tuple(weights)))
        mean_losses = sample_losses.view(len(works), -1).mean(dim=1)
        for number, work in enumerate(works):
            losses[work.partner] = mean_losses[number]

    def note_steps(self, works: Sequence[Work], weights: Sequence[float] | None = None) -> None:
        """Put down on the ledger that these works are done; all ranks must note all of them.

        With `weights` they are one step together, behind noise for the example that weighs most.
        """
        if self.ledger is None:
            return
        each = [1.0] * len(works) if weights is None else self._example_weights(works, weights)
        for work, weight in zip(works, each, strict=True):
            self.ledger.note(work.data_of, work.num_steps, max(each) / weight)

    def add_noise(self, works: Sequence[Work], weights: Sequence[float], number: int) -> None:
        """Add noise to the sum of all ranks' gradients in the model's buffer, the same on all
        ranks, if a rule asks for it; `number` is another one for each step.
        """
        if self._private is not None:
            self._private.add_noise(number, max(self._example_weights(works, weights)))

    def union_batch(self, works: Sequence[Work]) -> tuple[torch.Tensor, torch.Tensor]:
        """Return one batch of each work, one after the other."""
        size, drawn = self.task.batch_size, []
        for work in works:
            batches = self._order("batches", work.data_of)
            drawn.append((batches.take(size), batches.draws((size,))))
        draws = [one for _, one in drawn if one is not None]
        numbers = np.concatenate([one for one, _ in drawn])
        return self.data.batch(numbers, np.concatenate(draws) if draws else None)

    def per_sample(self, weights: tuple[float, ...]) -> torch.Tensor:
        """Return the weight of each sample of a union batch; the same from step to step."""
        if weights not in self._sample_weights:
            size = self.task.batch_size
            per_work = torch.tensor(weights, device=self.data.device).div_(size)
            self._sample_weights[weights] = per_work.repeat_interleave(size)
        return self._sample_weights[weights]

    def outputs(
        self, part: Part | None, vector: torch.Tensor, inputs: torch.Tensor
    ) -> torch.Tensor:
        """Return what a model with these weights says of the inputs."""
        model = self.parts.model(part)
        model.at(vector)
        largest = max(inputs[:1].numel(), model.outputs(inputs[:1]).numel())
        batches = inputs.split(max(1, TEST_NUMBERS // largest))
        return torch.cat([model.outputs(some) for some in batches])

    def state(self) -> dict[Name, dict[str, Any]]:
        """Return where every order of samples stands, and the ledger."""
        state = {name: batches.state() for name, batches in self._batches.items()}
        return state if self.ledger is None else {**state, (LEDGER,): self.ledger.state()}

    def restore(self, state: dict[Name, dict[str, Any]], engine_names: Sequence[str]) -> None:
        """Go on with orders of samples from where `state` was taken, by then with these engines."""
        self._earlier_engines = list(engine_names)
        for (purpose, *data_of), one in state.items():
            if purpose == LEDGER:
                assert self.ledger is not None, "a run resumes with its own rule"
                self.ledger.restore(one)
            else:
                self._order(str(purpose), tuple(map(int, data_of))).restore(one)

    def _private_job(
        self, work: Work, start: torch.Tensor, state: State | None, **rule: Any
    ) -> Job:
        order = self._examples(work, work.num_steps)
        taken = order.steps(work.num_steps, self.task.batch_size)
        return Job(
            start=start,
            samples=taken.samples,
            draws=order.draws(taken.samples.shape),
            seed=order.seed(),
            state=state,
            counts=taken.counts,
            expected_count=taken.expected,
            **rule,
        )

    def _add_clipped(
        self,
        private: PrivateGradient,
        works: Sequence[Work],
        weights: Sequence[float],
        start: torch.Tensor,
    ) -> None:
        """Compute the works' clipped sums as one batch, with as many of each work as take part."""
        self.model.buffer.zero_()
        if not works:
            return
        step = union_step([self._examples(work, 1) for work in works], self.task.batch_size)
        batch = self.data.batch(step.samples, step.draws)
        losses = private.add(start, batch, step.taken, self._example_weights(works, weights))
        for work, loss in zip(works, losses, strict=True):
            self.model.tail[work.partner] = loss

    def _example_weights(self, works: Sequence[Work], weights: Sequence[float]) -> list[float]:
        """Return what an example of each work weighs in a sum."""
        held = [self.num_held(work) for work in works]
        return example_weights(weights, held, self.task.batch_size)

    def _examples(self, work: Work, num_steps: int) -> ExampleBatches:
        """Return the order of a work that is about to take steps, which must be on the ledger."""
        order = self._order("batches", work.data_of)
        assert isinstance(order, ExampleBatches) and self.ledger is not None
        self._drawn[work.data_of] += num_steps
        noted = self.ledger.num_steps(work.data_of)
        assert self._drawn[work.data_of] <= noted, "note_steps comes before the steps"
        return order

    def _add_gradients(
        self, works: Sequence[Work], weights: Sequence[float], start: torch.Tensor
    ) -> None:
        """Compute the works one by one, since the samples of a batch are not independent."""
        model, total = self.model, torch.zeros_like(self.model.buffer)
        for work, weight in zip(works, weights, strict=True):
            job = self.job(work, start, None)
            vector = start.clone()
            model.at(vector)
            torch.manual_seed(job.seed)
            loss = model.backward(*self.data.batch(job.samples, job.draws), None)
            model.statistics_change.copy_((vector - start)[model.num_parameters :])
            total[: model.size].add_(model.buffer[: model.size], alpha=weight)
            total[model.size + work.partner] = loss
        model.buffer.copy_(total)

    def _engine(self, part: Part | None) -> Engines:
        if part not in self._engines:
            if len(self._engines) >= MAX_ENGINES:
                self._earlier_engines = self.engine_names()
                del self._engines[next(iter(self._engines))]
            model = self.parts.model(part)
            self._engines[part] = Engines(model, self.data, self.task.optimizer, self.example_rule)
        return self._engines[part]

    def _order(self, purpose: str, data_of: tuple[int, ...]) -> Batches:
        """Return the order in which the holders of some data are drawn from, as one."""
        name: Name = (purpose, *data_of)
        if name not in self._batches:
            samples = np.concatenate([self._assignment.train[partner] for partner in data_of])
            rng = stream(self._seed, *name)
            self._batches[name] = (
                Batches(samples, rng, self._augmentation)
                if self.example_rule is None
                else ExampleBatches(samples, rng, self._augmentation, self.example_rule.sampling)
            )
        return self._batches[name]
