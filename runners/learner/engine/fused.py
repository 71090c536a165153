"""Engine `fused`: dense networks, stacked, with a backward pass of their own.

With plain SGD gradients are never built: a step changes the stacked weights in place by the product
of its factors, W ← (1 − η (λ + μ)) W − η δᵀ a + η (μ W₀ − d), in which λ is the weight decay, μ the
proximal weight with the start W₀, and d the drift. Other optimizers get rows of gradients. A chunk
holds as many partners as the cache does.
"""

from collections.abc import Iterator, Sequence

import torch

from runners.learner.cohort import Factors, Job, Summary, Trained, add_rows, moments
from runners.learner.engine.dense import DenseLayers, Stack
from runners.learner.engine.rows import Chunk, chunks, descend, hand_back
from runners.learner.rank_data import RankData
from runners.learner.room import Room
from runners.optimizer import Optimizer, State
from runners.optimizer.sgd import Sgd

CACHE_BYTES = 2**23
"""What a chunk may take on a CPU: enough jobs to outweigh what calls cost, few enough to cache."""
DEVICE_BYTES = 2**30
"""What a chunk may take of a GPU's memory: enough to keep it busy."""


class Fused:
    """Do jobs in chunks, of which all weights are in one stack for each layer."""

    def __init__(self, dense: DenseLayers, data: RankData, optimizer: Optimizer) -> None:
        self._dense = dense
        self._data = data
        self._optimizer = optimizer
        memory = torch.empty(0, device=data.device)
        self._ends = Room(memory)
        self._stacked = [(Room(memory), Room(memory)) for _ in dense.layers]

    def train(self, jobs: Sequence[Job], rates: Sequence[float]) -> Iterator[Trained]:
        """Yield trained weights chunk by chunk."""
        for chunk in chunks(jobs, self._data, self._most(jobs)):
            if isinstance(self._optimizer, Sgd) and self._optimizer.is_plain:
                yield self._descend_in_place(chunk, rates, self._optimizer.weight_decay)
            else:
                yield descend(chunk, self._optimizer, rates, self._gradients)

    def add_updates(
        self,
        jobs: Sequence[Job],
        rates: Sequence[float],
        factors: Factors,
        total: torch.Tensor,
    ) -> Summary:
        """Add the updates chunk by chunk."""
        return add_rows(self.train(jobs, rates), jobs, factors, total)

    def _most(self, jobs: Sequence[Job]) -> int:
        """Return how many jobs a chunk has: their weights and batches fit into the cache."""
        layers = self._dense.layers
        units = layers[0].num_inputs + sum(layer.num_outputs for layer in layers)
        numbers = layers[-1].bias.stop * (1 + self._optimizer.num_moments)
        numbers += units * max((job.samples.shape[1] for job in jobs), default=1)
        room = CACHE_BYTES if self._data.device.type == "cpu" else DEVICE_BYTES
        return max(1, room // (4 * numbers))

    def _descend_in_place(
        self, chunk: Chunk, rates: Sequence[float], weight_decay: float
    ) -> Trained:
        """Take all steps of a chunk's jobs by plain SGD."""
        stacks = self._copies(chunk.starts())
        pulls = self._pulls(chunk)
        loss_sums = stacks[0][1].new_zeros(len(chunk.jobs), 2)
        for step, (inputs, targets) in enumerate(chunk.batches()):
            now, rate = slice(len(inputs)), rates[step]
            kept = 1 - rate * (weight_decay + chunk.proximal_weight)
            stacks_now = [(weights[now], biases[now]) for weights, biases in stacks]
            factors, losses = self._dense.gradient_factors(stacks_now, inputs, targets)
            loss_sums[now] += moments(losses.mean(dim=1))
            for (weights, biases), one in zip(stacks_now, factors, strict=True):
                weights.baddbmm_(one.delta.mT, one.inputs, beta=kept, alpha=-rate)
                kept_biases = biases if kept == 1 else biases.mul_(kept)
                kept_biases.sub_(one.bias_gradients(), alpha=rate)
            for stack, pull in zip(stacks_now, pulls, strict=False):
                for tensor, towards in zip(stack, pull, strict=True):
                    tensor.add_(towards[now], alpha=rate)
        hand_back(State(), chunk.jobs)
        ends = self._ends.tensor(len(chunk.jobs), len(chunk.jobs[0].start))
        return chunk.trained(torch.cat(_flat(stacks), dim=1, out=ends), loss_sums)

    def _gradients(
        self, rows: torch.Tensor, inputs: torch.Tensor, targets: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        factors, losses = self._dense.gradient_factors(self._stacks(rows), inputs, targets)
        gradients = [(one.weight_gradients(), one.bias_gradients()) for one in factors]
        return torch.cat(_flat(gradients), dim=1), losses.mean(dim=1)

    def _copies(self, rows: torch.Tensor) -> list[Stack]:
        """Return copies in the kept memory, since products are written fastest to tensors without
        gaps.
        """
        return [
            (room.tensor(*weights.shape).copy_(weights), other.tensor(*biases.shape).copy_(biases))
            for (weights, biases), (room, other) in zip(
                self._stacks(rows), self._stacked, strict=True
            )
        ]

    def _stacks(self, rows: torch.Tensor) -> list[Stack]:
        return [layer.views(rows) for layer in self._dense.layers]

    def _pulls(self, chunk: Chunk) -> list[Stack]:
        """Return μ W₀ − d for each layer; none where both are 0."""
        drifts = chunk.drifts()
        if drifts is None and not chunk.proximal_weight:
            return []
        pulls = chunk.starts() * chunk.proximal_weight
        return self._stacks(pulls if drifts is None else pulls - drifts)


def _flat(stacks: Sequence[Stack]) -> list[torch.Tensor]:
    """Return the layers' numbers as rows, in the order of a vector."""
    return [tensor.flatten(1) for stack in stacks for tensor in stack]
