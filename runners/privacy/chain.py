"""Owns how privacy mechanisms compose: in the order in which they are named, from the partner to
the model.

In: the checked options. Out: what the learner does to updates, what the simulator charges for it,
and what is guaranteed together. An order that breaks a guarantee is refused.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from runners.data import Data
from runners.privacy import Cost, Guarantee, Load, Mechanism, Merge, Sampling

if TYPE_CHECKING:
    import torch

    from runners.example_ledger import ExampleLedger
    from runners.example_rule import ExampleRule
    from sim.allowance import StepLimits

Memory = dict[str, Any]


class Chain:
    """Hold mechanisms in order; raises ValueError where it breaks a guarantee."""

    def __init__(self, mechanisms: Sequence[Mechanism]) -> None:
        self.mechanisms = tuple(mechanisms)
        secure = [one for one in self.mechanisms if one.is_secure_sum]
        if len(secure) > 1:
            raise ValueError(
                f"privacy must have at most one secure sum, got {names_of(secure)}; updates can be "
                "added up in one way only: leave one of them out"
            )
        for number, mechanism in enumerate(self.mechanisms):
            mechanism.check(self.mechanisms[:number], self.mechanisms[number + 1 :])

    @property
    def needs_rows(self) -> bool:
        """Whether updates must exist one by one."""
        return any(one.needs_rows or one.is_secure_sum for one in self.mechanisms)

    @property
    def changes_labels(self) -> bool:
        """Whether partners train on other labels than they hold."""
        return any(one.changes_labels for one in self.mechanisms)

    @property
    def needs_sum(self) -> bool:
        """Whether something is said of the sum of updates, so that no rule may pick among them."""
        return any(one.needs_sum for one in self.mechanisms)

    @property
    def secure_sum(self) -> Mechanism | None:
        """The mechanism by which updates are added up; None adds them up plainly."""
        return next((one for one in self.mechanisms if one.is_secure_sum), None)

    @property
    def num_figures(self) -> int:
        """Numbers of each update that are added up beside it."""
        return sum(one.num_figures for one in self.mechanisms)

    @property
    def step_factor(self) -> float:
        """How many times as long a training step takes."""
        return math.prod(one.step_factor for one in self.mechanisms)

    @property
    def example_rule(self) -> "ExampleRule | None":
        """What every training step follows; None where steps are plain."""
        return next((one.example_rule for one in self.mechanisms if one.example_rule), None)

    def check_data(self, data: Data) -> None:
        """Raise ValueError where a mechanism can do nothing for such data."""
        for mechanism in self.mechanisms:
            mechanism.check_data(data)

    def labels(self, targets: NDArray[np.integer], data: Data, seed: int) -> NDArray[np.integer]:
        """Return the training labels as partners tell them."""
        for mechanism in self.mechanisms:
            targets = mechanism.labels(targets, data, seed)
        return targets

    def new_memory(self) -> list[Memory]:
        """Return what the mechanisms remember before the first merge."""
        return [{} for _ in self.mechanisms]

    def weights(self, weights: Sequence[float]) -> list[float]:
        """Return the updates' weights in the sum."""
        if any(one.has_equal_weights for one in self.mechanisms):
            return [1 / len(weights)] * len(weights)
        return list(weights)

    def check_merge(self, merge: Merge, memory: list[Memory]) -> None:
        """Raise SumNotRevealed where a merge must not happen."""
        for mechanism, merge_ in self._each(merge, memory):
            mechanism.check_merge(merge_)

    def scales(self, norms: "torch.Tensor", merge: Merge, memory: list[Memory]) -> "torch.Tensor":
        """Return what updates with these norms are multiplied by where nothing needs rows."""
        scales = norms.new_ones(norms.shape)
        for mechanism, merge_ in self._each(merge, memory):
            scales = scales * mechanism.scales(norms * scales, merge_)
        return scales

    def protect(
        self,
        updates: "torch.Tensor",
        partners: Sequence[int],
        merge: Merge,
        memory: list[Memory],
    ) -> "tuple[torch.Tensor, torch.Tensor]":
        """Return the updates as they leave these partners, and their figures."""
        import torch

        figures = []
        for mechanism, merge_ in self._each(merge, memory):
            norms = torch.linalg.vector_norm(updates, dim=1)
            figures.append(mechanism.figures(norms, merge_))
            updates = mechanism.protect(updates, partners, merge_)
        return updates, torch.cat(figures, dim=1)

    def figures(self, norms: "torch.Tensor", merge: Merge, memory: list[Memory]) -> "torch.Tensor":
        """Return the figures of updates with these norms, where nothing needs rows."""
        import torch

        figures = []
        for mechanism, merge_ in self._each(merge, memory):
            figures.append(mechanism.figures(norms, merge_))
            norms = norms * mechanism.scales(norms, merge_)
        return torch.cat(figures, dim=1)

    def reveal(
        self, total: "torch.Tensor", figures: "torch.Tensor", merge: Merge, memory: list[Memory]
    ) -> "torch.Tensor":
        """Return the sum as the proxy publishes it, with as many numbers as an update."""
        pieces = figures.split([one.num_figures for one in self.mechanisms])
        for (mechanism, merge_), piece in zip(self._each(merge, memory), pieces, strict=True):
            total = mechanism.reveal(total, piece, merge_)
        return self.lift(total, merge, memory)

    def lift(self, total: "torch.Tensor", merge: Merge, memory: list[Memory]) -> "torch.Tensor":
        """Return the update that what is sent, or a sum of it, stands for."""
        for mechanism, merge_ in reversed(self._each(merge, memory)):
            total = mechanism.lift(total, merge_)
        return total

    def num_sent(self, size: int) -> int:
        """Return how many numbers of an update of `size` are summed."""
        for mechanism in self.mechanisms:
            size = mechanism.num_sent(size)
        return size

    def num_clipped(self, memory: list[Memory]) -> int | None:
        """Return how many values of updates a secure sum's range has cut off; None where no sum
        has a range.
        """
        counts = [one["num_clipped"] for one in memory if "num_clipped" in one]
        return sum(counts) if counts else None

    def wire_bytes(self, num_bytes: int, load: Load) -> int:
        """Return what an update of `num_bytes` weighs on the wire."""
        for mechanism, load_ in self._loads(load):
            num_bytes = mechanism.wire_bytes(num_bytes, load_)
        return num_bytes

    def cost(self, load: Load) -> Cost:
        """Return what all mechanisms cost on the virtual clock."""
        return sum((one.cost(load_) for one, load_ in self._loads(load)), Cost())

    def max_merges(self, sampling: Sampling) -> float:
        """Return how many merges may happen before any budget is overspent."""
        return min((one.max_merges(sampling) for one in self.mechanisms), default=math.inf)

    def step_limits(self, num_held: Sequence[int], batch_size: int) -> "StepLimits | None":
        """Return how many steps may draw from the examples that partners hold."""
        limits = [one.step_limits(num_held, batch_size) for one in self.mechanisms]
        return next((one for one in limits if one is not None), None)

    def guarantees(
        self, sampling: Sampling, num_merges: int, ledger: "ExampleLedger | None"
    ) -> list[Guarantee]:
        """Return what holds after so many merges, and the steps on the ledger if there is one."""
        stated = [
            one.guarantee(sampling, num_merges)
            if ledger is None or one.example_rule is None
            else one.guarantee_of(ledger)
            for one in self.mechanisms
        ]
        return [one for one in stated if one is not None]

    def _loads(self, load: Load) -> list[tuple[Mechanism, Load]]:
        """Return each mechanism with what comes to it: a secure sum adds up figures as well."""
        pairs, size = [], load.num_parameters
        for mechanism in self.mechanisms:
            num_figures = self.num_figures if mechanism.is_secure_sum else 0
            pairs.append((mechanism, replace(load, num_parameters=size + num_figures)))
            size = mechanism.num_sent(size)
        return pairs

    def _each(self, merge: Merge, memory: list[Memory]) -> list[tuple[Mechanism, Merge]]:
        """Return each mechanism with what it may know of a merge, before any of them acts."""
        least = min((one.figures_noise_multiplier for one in self.mechanisms), default=math.inf)
        error = sum(one.rounding_error for one in self.mechanisms)
        told = replace(merge, figures_noise_multiplier=least, rounding_error=error)
        pairs = []
        for mechanism, one in zip(self.mechanisms, memory, strict=True):
            told = replace(told, memory=one)
            pairs.append((mechanism, told))
            if mechanism.bounds_norms:
                told = replace(told, norm_bound=mechanism.norm_bound(told))
        return pairs


def names_of(options: Sequence[object]) -> str:
    """Return the options' names, for messages."""
    return " and ".join(type(one).__module__.rpartition(".")[2] for one in options)
