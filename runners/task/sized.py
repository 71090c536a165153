"""Task `sized`: a learning problem by its numbers only, so that the virtual clock serves any model.

There are no data to learn from: all samples have one label, and what training would need raises
ValueError. Run it with `learner=none`.
"""

import itertools
from dataclasses import dataclass
from typing import NoReturn

import numpy as np

from runners.data import Samples
from runners.model import Axes
from runners.partition import Index
from sim.bounds import at_least, positive


@dataclass(frozen=True, kw_only=True)
class Sized:
    """Hold what the virtual clock asks of a task; `num_samples` is the whole consortium's.

    The gradient comes in `num_tensors` tensors of equal size, but for the remainder.
    """

    num_parameters: int
    num_tensors: int
    train_flops_per_sample: float
    sample_bytes: int
    batch_size: int
    num_samples: int
    num_classes = 1

    def __post_init__(self) -> None:
        at_least("num_parameters", self.num_parameters, 1, remedy="try task.num_parameters=1000000")
        if not 1 <= self.num_tensors <= self.num_parameters:
            raise ValueError(
                f"num_tensors must be between 1 and the {self.num_parameters} parameters, "
                f"got {self.num_tensors}; task.num_tensors=1 sends the gradient in one piece"
            )
        positive(
            "train_flops_per_sample",
            self.train_flops_per_sample,
            remedy="six times task.num_parameters is usual for dense layers",
        )
        at_least("sample_bytes", self.sample_bytes, 1, remedy="try task.sample_bytes=1000")
        at_least("batch_size", self.batch_size, 1, remedy="try task.batch_size=32")
        at_least("num_samples", self.num_samples, 1, remedy="try task.num_samples=100000")

    def tensor_parameters(self) -> tuple[int, ...]:
        """Return the parameters divided evenly; sizes differ by at most one."""
        ends = [
            self.num_parameters * tensor // self.num_tensors
            for tensor in range(self.num_tensors + 1)
        ]
        return tuple(end - start for start, end in itertools.pairwise(ends))

    def index(self) -> Index:
        """Return label 0 for all; one test sample, since partitions divide a test set."""
        return Index(
            train_labels=np.zeros(self.num_samples, dtype=np.int64),
            test_labels=np.zeros(1, dtype=np.int64),
            train_keys=None,
            test_keys=None,
        )

    @property
    def optimizer(self) -> NoReturn:
        """Raise ValueError: nothing is trained."""
        _refuse()

    @property
    def loss(self) -> NoReturn:
        """Raise ValueError: nothing is trained."""
        _refuse()

    def hidden_axes(self) -> tuple[Axes, ...] | None:
        """Return None: nothing is known of its units."""
        return None

    def samples(self) -> Samples:
        """Raise ValueError: there are none."""
        _refuse()

    def new_module(self) -> NoReturn:
        """Raise ValueError: there is none."""
        _refuse()


def _refuse() -> NoReturn:
    raise ValueError("task=sized has no data to learn from; try learner=none or task=digits_mlp")
