"""Owns what one unit of a task costs, as the virtual clock needs it: FLOPs, bytes, batch, samples.

Comes from the task (runners/task), read by the hardware profile and the modes. No tensor, no data.
"""

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from sim.bounds import at_least, positive


@dataclass(frozen=True, kw_only=True)
class Workload:
    """Describe the training work of a task on a given partition of its data.

    `tensor_parameters` are the sizes of the gradient tensors in forward order: the backward pass
    delivers the last one first. `train_flops_per_sample` counts forward and backward pass;
    `num_samples[i]` is what partner i holds. `backward_fractions` are the parts of the backward
    pass that the tensors take, in the same order; None gives all the same. `label_counts`, of shape
    (num_partners, num_labels), is what each holds of each label; None where nobody is to know it.
    """

    num_parameters: int
    tensor_parameters: tuple[int, ...]
    bytes_per_parameter: int
    train_flops_per_sample: float
    sample_bytes: int
    batch_size: int
    num_samples: tuple[int, ...]
    backward_fractions: tuple[float, ...] | None = None
    label_counts: npt.NDArray[np.float64] | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        at_least(
            "num_parameters",
            self.num_parameters,
            1,
            remedy="a model without parameters can't be trained",
        )
        if sum(self.tensor_parameters) != self.num_parameters or min(self.tensor_parameters) < 1:
            raise ValueError(
                f"tensor_parameters must be sizes that add up to the {self.num_parameters} "
                f"parameters, got {self.tensor_parameters}; one tensor is "
                f"({self.num_parameters},)"
            )
        self._check_fractions()
        at_least("batch_size", self.batch_size, 1, remedy="try task.batch_size=32")
        positive(
            "train_flops_per_sample",
            self.train_flops_per_sample,
            remedy="three times the forward pass is usual",
        )
        for partner, samples in enumerate(self.num_samples):
            if samples < 1:
                raise ValueError(
                    f"partner {partner} would hold {samples} of the {self.total_samples} training "
                    "samples; every partner needs at least one: take fewer partners, more even "
                    "data shares, or a milder partition such as partition=iid"
                )

    def _check_fractions(self) -> None:
        fractions = self.backward_fractions
        if fractions is None:
            return
        if (
            len(fractions) != len(self.tensor_parameters)
            or min(fractions) < 0
            or not math.isclose(sum(fractions), 1.0)
        ):
            raise ValueError(
                f"backward_fractions must be {len(self.tensor_parameters)} numbers of at least 0 "
                f"that add up to 1, got {fractions}; None gives every tensor the same"
            )

    @property
    def update_bytes(self) -> int:
        """Return the size of the model, and so of one plain update."""
        return self.num_parameters * self.bytes_per_parameter

    @property
    def total_samples(self) -> int:
        """Return the number of training samples in the consortium."""
        return sum(self.num_samples)
