"""A rank without others, and little data: what tests of a learner's parts need."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch

from runners.data import Samples
from runners.learner.local_training import LocalTraining
from runners.learner.rank_data import RankData
from runners.model import Model
from runners.model.mlp import Mlp
from runners.optimizer import Optimizer
from runners.optimizer.sgd import Sgd
from runners.partition import Assignment, Index
from runners.task.supervised import Supervised
from runners.training import Training

CPU = torch.device("cpu")
NUM_TRAIN = 24
RECIPE = Training(
    schedule="constant",
    warmup_fraction=0.0,
    final_rate_fraction=0.0,
    augmentation="none",
    start_from=None,
    num_folds=None,
    held_out_fold=0,
)


class OneRank:
    """The only rank: a sum over the ranks is what it has."""

    rank, size, device = 0, 1, CPU

    def start_sum(self, tensor: torch.Tensor, name: str) -> Callable[[], None]:
        """Leave the tensor as it is."""
        return lambda: None

    def sum(self, tensor: torch.Tensor, name: str) -> None:
        """Leave the tensor as it is."""

    def gather(self, value: Any, name: str) -> list[Any]:
        """Return the value alone."""
        return [value]


@dataclass(frozen=True, kw_only=True)
class Little:
    """Vectors of 4 numbers, drawn with a seed; 3 classes, 2 classes, values or tokens to learn."""

    target: str = "class"
    num_classes: int = 3
    num_values: int = 0
    is_constant: bool = False
    inputs: ClassVar[tuple[int, ...]] = (4,)
    vocabulary: ClassVar[None] = None
    sample_bytes: ClassVar[int] = 17

    def index(self) -> Index:
        """Return no labels: tests say who holds what."""
        raise AssertionError("nothing is divided here")

    def samples(self) -> Samples:
        """Return 24 samples to train on and 10 to test."""
        rng = np.random.default_rng(0)
        inputs = rng.normal(size=(NUM_TRAIN + 10, 4)).astype(np.float32)
        targets = rng.integers(self.num_classes, size=NUM_TRAIN + 10)
        if self.target == "values":
            targets = rng.normal(size=(NUM_TRAIN + 10, self.num_values)).astype(np.float32)
        if self.is_constant:
            inputs[:], targets[:] = inputs[0], targets[0]
        return Samples(
            train=inputs[:NUM_TRAIN],
            test=inputs[NUM_TRAIN:],
            train_targets=targets[:NUM_TRAIN],
            test_targets=targets[NUM_TRAIN:],
        )


def sgd(learning_rate: float = 0.1, momentum: float = 0.0) -> Sgd:
    """Return plain SGD."""
    return Sgd(
        learning_rate=learning_rate, momentum=momentum, nesterov=False, weight_decay=0.0, l1=0.0
    )


def mlp(*hidden_units: int, dropout: float = 0.0, batch_norm: bool = False) -> Mlp:
    """Return a perceptron."""
    return Mlp(hidden_units=hidden_units, batch_norm=batch_norm, dropout=dropout)


def training(
    *,
    data: Any = Little(),
    model: Model | None = None,
    loss: str = "cross_entropy",
    optimizer: Optimizer | None = None,
    held: Sequence[int] = (12, 8, 4),
    recipe: Training = RECIPE,
    seed: int = 0,
) -> LocalTraining:
    """Return what computes on little data; partner k holds the next `held[k]` samples; batches of
    4.
    """
    task = Supervised(
        name="little",
        data=data,
        model=model or mlp(6),
        loss=loss,
        batch_size=4,
        optimizer=optimizer or sgd(),
    )
    parts = np.split(np.arange(sum(held)), np.cumsum(held)[:-1])
    return LocalTraining(
        task=task,
        training=recipe,
        data=RankData(task.samples(), CPU),
        assignment=Assignment(train=tuple(parts), test=()),
        seed=seed,
    )
