"""Owns what a rank finds out about models on the held-out test set.

Sums are float64 of shape (2,): losses, and right predictions, over samples. For squared error, what
is right is 1 − N e / Σ (t − mean)², e being a sample's squared error and N the samples of the whole
set: its mean is R², the part of the targets' variance that is explained.
"""

import torch

from runners.learner.local_training import LocalTraining
from runners.learner.version import Version
from runners.loss import hits, probabilities, sample_losses


class Testing:
    """Evaluate versions that this rank keeps."""

    def __init__(self, training: LocalTraining) -> None:
        self._training = training
        self._loss = training.task.loss
        self._data = training.data

    @property
    def num_samples(self) -> int:
        """The size of the test set."""
        return len(self._data.test_targets)

    def sums(self, version: Version, part: slice) -> torch.Tensor:
        """Return the sums on a part of the test set."""
        targets = self._data.test_targets[part]
        outputs = self._outputs(version, self._data.test_inputs[part])
        losses = sample_losses(self._loss, outputs, targets)
        return self._sum(losses, hits(self._loss, outputs, targets))

    def probabilities(self, version: Version) -> torch.Tensor:
        """Return class probabilities of the whole test set, (num_samples, …, num_classes)."""
        return probabilities(self._loss, self._outputs(version, self._data.test_inputs))

    def triggered_probabilities(self, version: Version) -> torch.Tensor:
        """Return those of the test set with an attack's trigger in it."""
        assert self._data.triggered_inputs is not None, "only an attack with a trigger has them"
        return probabilities(self._loss, self._outputs(version, self._data.triggered_inputs))

    def joint_sums(self, mean: torch.Tensor) -> torch.Tensor:
        """Return the sums of an ensemble, from its mean probabilities on the whole test set."""
        targets = self._data.test_targets
        if self._loss == "squared_error":
            losses = sample_losses(self._loss, mean, targets)
            return self._sum(losses, None)
        of_target = mean.gather(-1, targets[..., None])[..., 0]
        losses = -of_target.clamp(min=torch.finfo(mean.dtype).tiny).log()
        right = (mean.argmax(dim=-1) == targets).to(mean.dtype)
        return self._sum(losses.flatten(1).mean(1) if losses.dim() > 1 else losses, right)

    def _outputs(self, version: Version, inputs: torch.Tensor) -> torch.Tensor:
        indices = self._training.parts.indices(version.part)
        vector = version.weights()
        return self._training.outputs(
            version.part, vector if indices is None else vector[indices], inputs
        )

    def _sum(self, losses: torch.Tensor, right: torch.Tensor | None) -> torch.Tensor:
        if right is None:
            right = 1 - losses / self._variance()
        elif right.dim() > 1:
            right = right.flatten(1).mean(1)
        sums = [losses.sum(dtype=torch.float64), right.sum(dtype=torch.float64)]
        return torch.stack(sums).cpu()

    def _variance(self) -> torch.Tensor:
        """Return the targets' mean squared distance from their mean."""
        targets = self._data.test_targets.flatten(1)
        return (targets - targets.mean(dim=0)).square().mean()
