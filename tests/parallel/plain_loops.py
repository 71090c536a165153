"""Training loops in plain PyTorch, one partner after the other, that systems are held against.

They have the partners' batches in the order in which the learner draws them, and nothing else of
it. Test losses come out.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from runners.build import assemble, build
from sim.streams import stream
from tests.parallel.conftest import FAST
from tests.runners.compose import compose


class Setup:
    """Hold what a run of digits starts from: a model, and the batches of each partner."""

    def __init__(self, overrides: Sequence[str]) -> None:
        run = build(compose(*FAST, *overrides))
        _, assignment = assemble(run)
        samples = run.task.samples()
        torch.manual_seed(int(stream(run.seed, "model").integers(2**63)))
        self.model = run.task.new_module()
        self.rate = run.task.optimizer.learning_rate
        self.held = [len(part) for part in assignment.train]
        self.shares = [held / sum(self.held) for held in self.held]
        self.batch_size = run.task.batch_size
        self._inputs = torch.from_numpy(samples.train)
        self._targets = torch.from_numpy(samples.train_targets).long()
        self._test = torch.from_numpy(samples.test)
        self._test_targets = torch.from_numpy(samples.test_targets).long()
        self.batches = [
            self._batches(part, stream(run.seed, "batches", partner))
            for partner, part in enumerate(assignment.train)
        ]

    def _batches(
        self, part: np.ndarray, rng: np.random.Generator
    ) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield batches of shuffled passes; a batch may reach over the end of a pass."""
        ahead = np.empty(0, dtype=np.int64)
        while True:
            while len(ahead) < self.batch_size:
                ahead = np.concatenate([ahead, rng.permutation(part)])
            taken, ahead = np.split(ahead, [self.batch_size])
            yield self._inputs[taken], self._targets[taken]

    def loss(self, partner: int) -> torch.Tensor:
        """Return the model's mean loss on a partner's next batch."""
        inputs, targets = next(self.batches[partner])
        return cross_entropy(self.model(inputs), targets)

    def test_loss(self) -> float:
        """Return the model's mean loss on the test set."""
        with torch.no_grad():
            return float(cross_entropy(self.model(self._test), self._test_targets))


def union_batch(
    overrides: Sequence[str], kind: type[torch.optim.Optimizer], steps: Sequence[int]
) -> list[float]:
    """Return losses after so many steps on the partners' batches as one weighted batch."""
    setup = Setup(overrides)
    optimizer = kind(setup.model.parameters(), lr=setup.rate)  # type: ignore[call-arg]
    losses = []
    for step in range(max(steps) + 1):
        if step in steps:
            losses.append(setup.test_loss())
        optimizer.zero_grad()
        for partner, share in enumerate(setup.shares):
            (setup.loss(partner) * share).backward()
        optimizer.step()
    return losses


def federated(
    overrides: Sequence[str],
    *,
    algorithm: str,
    num_steps: Sequence[int],
    rounds: Sequence[int],
    proximal_weight: float = 0.0,
) -> list[float]:
    """Return losses after so many rounds in which partner k takes `num_steps[k]` steps of SGD.

    `fedavg` is algorithm 1 of McMahan et al. (2017), `fedprox` adds μ (w − x) to each gradient (Li
    et al. 2020), `scaffold` is algorithm 1 of Karimireddy et al. (2020) with option II and all
    partners, `fednova` divides updates by their steps (Wang et al. 2020, equation 5 for plain SGD).
    Updates are weighted by the data held in all of them.
    """
    setup = Setup(overrides)
    model, rate, num_partners = setup.model, setup.rate, len(setup.held)
    numbers = torch.nn.utils.parameters_to_vector(model.parameters()).detach().clone()
    line = torch.zeros_like(numbers)  # c
    own = [torch.zeros_like(numbers) for _ in setup.held]  # c_k
    losses = []
    for round_ in range(max(rounds) + 1):
        torch.nn.utils.vector_to_parameters(numbers, model.parameters())
        if round_ in rounds:
            losses.append(setup.test_loss())
        updates, line_change = [], torch.zeros_like(numbers)
        for partner, steps in enumerate(num_steps):
            local = numbers.clone()
            for _ in range(steps):
                torch.nn.utils.vector_to_parameters(local, model.parameters())
                gradients = torch.autograd.grad(setup.loss(partner), list(model.parameters()))
                gradient = torch.cat([one.reshape(-1) for one in gradients])
                gradient = gradient + proximal_weight * (local - numbers)
                if algorithm == "scaffold":
                    gradient = gradient + line - own[partner]
                local = local - rate * gradient
            updates.append(local - numbers)
            if algorithm == "scaffold":
                changed = own[partner] - line + (numbers - local) / (steps * rate)
                line_change += (changed - own[partner]) / num_partners
                own[partner] = changed
        line = line + line_change
        numbers = numbers + _merged(updates, setup.shares, num_steps, algorithm)
    return losses


def _merged(
    updates: Sequence[torch.Tensor],
    shares: Sequence[float],
    num_steps: Sequence[int],
    algorithm: str,
) -> torch.Tensor:
    total = torch.zeros_like(updates[0])
    effective = sum(share * steps for share, steps in zip(shares, num_steps, strict=True))
    for update, share, steps in zip(updates, shares, num_steps, strict=True):
        total += share * update * (effective / steps if algorithm == "fednova" else 1.0)
    return total
