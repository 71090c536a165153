"""Owns learning on one rank: the sim.learner protocol, joined by all ranks in the same order.

A rank hosts the partners `rank, rank + size, …`. A shared model is on all ranks, a model with an owner on its owner's
rank. Updates are summed in float64, so the result does not depend on how partners are spread over ranks; per-step gradients are
summed in float32, as Horovod users do, which agrees to rounding.

The sum of a step is only begun by `step`: the simulation goes on while the bytes move, and whatever needs the result first waits for
it. Loss and norm of each partner travel in the tail of the same sum.
"""

from collections.abc import Callable, Sequence

import torch

from runners.learner.batches import Batches
from runners.learner.flat_model import FlatModel
from runners.learner.horovod import Ranks
from runners.learner.optimizer import Optimizer
from runners.learner.rank_data import RankData
from runners.learner.stopwatch import Stopwatch
from runners.partition import Assignment
from runners.privacy import Privacy
from runners.task import Task
from sim.learner import Evaluation, Feedback, Merged, Work
from sim.streams import stream

STEPS_AT_ONCE = 64
"""Steps whose batches are gathered together: few enough to stay small in memory, many enough to cost nothing."""

TEST_BATCH = 2048


class Version:
    """A version of a model: weights where they are kept, and the optimizer that made it."""

    def __init__(self, *, version: int, owner: int | None, vector: torch.Tensor | None, optimizer: Optimizer | None) -> None:
        self.version = version
        self.owner = owner
        self.vector = vector
        self.optimizer = optimizer

    def weights(self) -> torch.Tensor:
        """Return the weights; they must be kept on this rank."""
        assert self.vector is not None, "the weights of this version are kept on another rank"
        return self.vector


class RankLearner:
    """Train the partners that this rank hosts, and merge with the other ranks."""

    def __init__(
        self, *, ranks: Ranks, task: Task, assignment: Assignment, privacy: Privacy, seed: int, data: RankData
    ) -> None:
        self._ranks = ranks
        self._task = task
        self._assignment = assignment
        self._privacy = privacy
        self._seed = seed
        self._data = data
        self._num_partners = len(assignment.train)
        torch.manual_seed(int(stream(seed, "model").integers(2**63)))
        self._model = FlatModel(task.model(), ranks.device, tail=self._num_partners)
        self._batches: dict[tuple[int, ...], Batches] = {}
        self._unfinished: Callable[[], None] | None = None
        self._owned_losses: list[float] = []
        self._known_losses: list[float] = []
        self.stopwatch = Stopwatch(ranks.device)

    def initial_model(self, owner: int | None) -> Version:
        """Return the initial weights, the same for everyone."""
        optimizer = Optimizer(self._task, self._model.initial)
        return Version(version=0, owner=owner, vector=self._model.initial if self._keeps(owner) else None, optimizer=optimizer)

    def step(self, model: Version, works: Sequence[Work]) -> Merged:
        """Take optimizer steps: the owner's own, or one with the average gradient of all works."""
        self.finish()
        if model.owner is not None:
            return self._own_steps(model, works)
        if any(work.num_steps != 1 for work in works):
            raise ValueError(f"a shared model takes one step a call, got works of {sorted({w.num_steps for w in works})} steps")
        return self._shared_step(model, works)

    def merge(self, model: Version, works: Sequence[Work], weights: Sequence[float]) -> Merged:
        """Train every hosted work from its start, and add the weighted updates of all ranks."""
        self.finish()
        num_parameters, num_partners = self._model.num_parameters, self._num_partners
        total = torch.zeros(num_parameters + 2 * num_partners, dtype=torch.float64, device=self._ranks.device)
        with self.stopwatch.phase("train"):
            for work, weight in zip(works, weights, strict=True):
                if self._hosts(work.partner):
                    start = self._weights(work)
                    end, loss = self._train(start, work, Optimizer(self._task, start))
                    update = self._privacy.protect(end - start)
                    total[:num_parameters].add_(update, alpha=weight)
                    total[num_parameters + work.partner] = loss
                    total[num_parameters + num_partners + work.partner] = torch.linalg.vector_norm(update)
        with self.stopwatch.phase("communicate"):
            self._ranks.sum(total, "merge")
        vector = (model.weights() + total[:num_parameters]).to(torch.float32)
        merged = Version(version=model.version + 1, owner=None, vector=vector, optimizer=model.optimizer)
        tail = total[num_parameters:].cpu()
        return Merged(model=merged, feedback=lambda: _feedback(works, tail[:num_partners], tail[num_partners:]))

    def evaluate(self, models: Sequence[Version]) -> Evaluation:
        """Return the mean over `models`; a shared model's test set is divided among the ranks."""
        self.finish()
        sums = torch.zeros(2, dtype=torch.float64)
        with self.stopwatch.phase("evaluate"):
            for model in models:
                if self._keeps(model.owner):
                    part = slice(None) if model.owner is not None else slice(self._ranks.rank, None, self._ranks.size)
                    sums += self._test_sums(model.weights(), part)
            self._ranks.sum(sums, "evaluate")
        loss, correct = (sums / (len(models) * len(self._data.test_labels))).tolist()
        return Evaluation(loss=loss, accuracy=correct)

    def test_probabilities(self, model: Version) -> torch.Tensor | None:
        """Return the class probabilities of the test set, None where the model is kept on another rank."""
        self.finish()
        if not self._keeps(model.owner):
            return None
        self._model.at(model.weights())
        with torch.no_grad():
            logits = [self._model.module(inputs) for inputs in self._data.test_inputs.split(TEST_BATCH)]
        return torch.cat(logits).softmax(dim=1).cpu()

    def finish(self) -> None:
        """Wait for the sum that is under way, if there is one."""
        if self._unfinished is not None:
            unfinished, self._unfinished = self._unfinished, None
            unfinished()

    def _hosts(self, partner: int) -> bool:
        return partner % self._ranks.size == self._ranks.rank

    def _keeps(self, owner: int | None) -> bool:
        return owner is None or self._hosts(owner)

    def _weights(self, work: Work) -> torch.Tensor:
        assert isinstance(work.start, Version)
        return work.start.weights()

    def _own_steps(self, model: Version, works: Sequence[Work]) -> Merged:
        (work,) = works
        vector, loss = None, 0.0
        if self._keeps(model.owner):
            assert model.optimizer is not None
            with self.stopwatch.phase("train"):
                vector, mean_loss = self._train(model.weights(), work, model.optimizer)
                loss = float(mean_loss)
        merged = Version(version=model.version + 1, owner=model.owner, vector=vector, optimizer=model.optimizer)
        number = len(self._owned_losses)
        self._owned_losses.append(loss)
        return Merged(model=merged, feedback=lambda: self._owned_feedback(work, number))

    def _shared_step(self, model: Version, works: Sequence[Work]) -> Merged:
        with self.stopwatch.phase("train"):
            self._union_gradient([work for work in works if self._hosts(work.partner)], works)
            wait = self._ranks.start_sum(self._model.buffer, "step")
        merged = Version(version=model.version + 1, owner=None, vector=None, optimizer=model.optimizer)
        losses = torch.zeros(self._num_partners)

        def finish() -> None:
            with self.stopwatch.phase("communicate"):
                wait()
            with self.stopwatch.phase("train"):
                assert model.optimizer is not None
                merged.vector = model.optimizer.begin(model.weights())
                model.optimizer.step(self._model.gradient)
                losses.copy_(self._model.buffer[self._model.num_parameters :])

        def feedback() -> tuple[Feedback, ...]:
            self.finish()
            return _feedback(works, losses, torch.full_like(losses, float("nan")))

        self._unfinished = finish
        return Merged(model=merged, feedback=feedback)

    def _union_gradient(self, hosted: Sequence[Work], works: Sequence[Work]) -> None:
        """Set the buffer to this rank's part of the average gradient, and to its partners' losses behind it.

        The hosted works are one batch: their gradients at the same weights add up, and one large product is faster
        than many small ones.
        """
        self._model.buffer.zero_()
        if not hosted:
            return
        starts = {id(work.start): self._weights(work) for work in hosted}
        if len(starts) > 1:
            raise ValueError(f"the works of one step must start from one version, got {len(starts)}")
        total = sum(self._held(work) for work in works)
        batch = self._task.batch_size
        inputs, labels = self._data.batch([self._stream(work).take(batch) for work in hosted])
        weights = torch.tensor([self._held(work) / total / batch for work in hosted], device=self._ranks.device)
        self._model.at(next(iter(starts.values())))
        losses = self._model.backward(inputs, labels, weights.repeat_interleave(batch))
        tail = self._model.buffer[self._model.num_parameters :]
        tail[[work.partner for work in hosted]] = losses.view(len(hosted), batch).mean(dim=1)

    def _train(self, start: torch.Tensor, work: Work, optimizer: Optimizer) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the weights after the work's steps, and the mean loss of its batches."""
        vector = optimizer.begin(start)
        self._model.at(vector)
        loss = torch.zeros((), device=self._ranks.device)
        batch = self._task.batch_size
        for first in range(0, work.num_steps, STEPS_AT_ONCE):
            num_steps = min(STEPS_AT_ONCE, work.num_steps - first)
            inputs, labels = self._data.batch([self._stream(work).take(num_steps * batch)])
            for batch_inputs, batch_labels in zip(inputs.split(batch), labels.split(batch), strict=True):
                loss += self._model.backward(batch_inputs, batch_labels, None)
                optimizer.step(self._model.gradient)
        return vector, loss / work.num_steps

    def _stream(self, work: Work) -> Batches:
        if work.data_of not in self._batches:
            samples = torch.cat([torch.from_numpy(self._assignment.train[partner]) for partner in work.data_of]).numpy()
            self._batches[work.data_of] = Batches(samples, stream(self._seed, "batches", *work.data_of))
        return self._batches[work.data_of]

    def _held(self, work: Work) -> int:
        return sum(len(self._assignment.train[partner]) for partner in work.data_of)

    def _test_sums(self, vector: torch.Tensor, part: slice) -> torch.Tensor:
        """Return the summed loss and the number of right answers on a part of the test set."""
        self._model.at(vector)
        sums = torch.zeros(2, dtype=torch.float64)
        inputs, labels = self._data.test_inputs[part], self._data.test_labels[part]
        with torch.no_grad():
            for batch_inputs, batch_labels in zip(inputs.split(TEST_BATCH), labels.split(TEST_BATCH), strict=True):
                logits = self._model.module(batch_inputs)
                losses = torch.nn.functional.cross_entropy(logits, batch_labels, reduction="none")
                sums[0] += losses.sum(dtype=torch.float64).cpu()
                sums[1] += (logits.argmax(dim=1) == batch_labels).sum().cpu()
        return sums

    def _owned_feedback(self, work: Work, number: int) -> tuple[Feedback, ...]:
        """Return the loss of an owned model's work; the first call after new work shares all losses at once."""
        if number >= len(self._known_losses):
            losses = torch.tensor(self._owned_losses, dtype=torch.float64)
            self._ranks.sum(losses, f"losses.{len(losses)}")
            self._known_losses = losses.tolist()
        return (Feedback(partner=work.partner, train_loss=self._known_losses[number], update_norm=float("nan")),)


def _feedback(works: Sequence[Work], losses: torch.Tensor, norms: torch.Tensor) -> tuple[Feedback, ...]:
    return tuple(
        Feedback(partner=work.partner, train_loss=float(losses[work.partner]), update_norm=float(norms[work.partner]))
        for work in works
    )
