"""Owns a task's samples on one rank's device."""

import numpy as np
import torch

from runners.data import Samples
from runners.learner.augmentation import augment
from runners.learner.room import Room


class RankData:
    """Hold a task's samples as tensors on this rank's device; runs of one task share it."""

    def __init__(
        self, samples: Samples, device: torch.device, triggered: np.ndarray | None = None
    ) -> None:
        """`triggered` are the test inputs with an attack's trigger in them."""
        self.device = device
        self._inputs = torch.from_numpy(samples.train).to(device)
        self._targets = torch.from_numpy(samples.train_targets).to(device)
        self._room = Room(self._inputs)
        self.test_inputs = _model_type(torch.from_numpy(samples.test).to(device))
        self.triggered_inputs = (
            None if triggered is None else _model_type(torch.from_numpy(triggered).to(device))
        )
        self.test_targets = _model_type(torch.from_numpy(samples.test_targets).to(device))

    def batch(
        self, numbers: np.ndarray, draws: np.ndarray | None = None, *, is_passing: bool = False
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return inputs and targets of the training samples of these numbers, int64 of any shape,
        flattened; `draws`, of that shape and one more axis of 3, augment the inputs.

        Inputs that are passing are in memory that the next passing ones are written to.
        """
        shape = (numbers.size, *self._inputs.shape[1:])
        into = self._room.tensor(*shape) if is_passing else None
        chosen = torch.from_numpy(numbers.reshape(-1)).to(self.device)
        inputs = _model_type(torch.index_select(self._inputs, 0, chosen, out=into))
        if draws is not None:
            inputs = augment(inputs, torch.from_numpy(draws.reshape(-1, 3)).to(self.device))
        return inputs, _model_type(self._targets.index_select(0, chosen))


def _model_type(tensor: torch.Tensor) -> torch.Tensor:
    """Return floats as they are, and integers, which may be stored small, as int64."""
    return tensor if tensor.is_floating_point() else tensor.long()
