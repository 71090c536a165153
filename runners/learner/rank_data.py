"""Owns a task's samples on one rank's device."""

from collections.abc import Sequence

import numpy as np
import torch

from runners.partition import Index
from runners.task import Samples


class RankData:
    """Hold a task's samples as tensors on this rank's device; runs of one task share it."""

    def __init__(self, index: Index, samples: Samples, device: torch.device) -> None:
        self.device = device
        self._inputs = torch.from_numpy(samples.train).to(device)
        self._labels = torch.from_numpy(index.train_labels).to(device)
        self.test_inputs = torch.from_numpy(samples.test).to(device)
        self.test_labels = torch.from_numpy(index.test_labels).to(device)

    def batch(self, numbers: Sequence[np.ndarray]) -> tuple[torch.Tensor, torch.Tensor]:
        """Return inputs and labels of the training samples of these numbers, one array after the
        other.
        """
        chosen = torch.cat([torch.from_numpy(part) for part in numbers]).to(self._inputs.device)
        return self._inputs.index_select(0, chosen), self._labels.index_select(0, chosen)
