"""Owns losses: which there are, what outputs they need, and, with torch, what they and hits are.

Outputs and targets are of shape (batch, ...); results are one number per sample, in nats for the
cross entropies. Where a sample has a prediction at each token, its number is the mean over them.
"""

from typing import TYPE_CHECKING

from runners.data import Data

if TYPE_CHECKING:
    import torch

LOSSES = ("cross_entropy", "binary_cross_entropy", "squared_error")


def check_loss(loss: str, data: Data) -> None:
    """Raise ValueError where a loss does not fit what is to be learned."""
    is_numbers = data.target in ("inputs", "values")
    if (loss == "squared_error") != is_numbers:
        fitting = "squared_error" if is_numbers else "cross_entropy"
        raise ValueError(
            f"loss must fit the data's target, which is {data.target!r}, got {loss!r}; "
            f"try task.loss={fitting}"
        )
    if loss == "binary_cross_entropy" and (data.target != "class" or data.num_classes != 2):
        raise ValueError(
            f"loss=binary_cross_entropy needs two classes, got {data.num_classes}; "
            "try task.loss=cross_entropy"
        )


def num_outputs(loss: str, data: Data) -> int:
    """Return how many outputs a model needs, per sample or per token."""
    if loss == "squared_error":
        return data.num_values
    return 1 if loss == "binary_cross_entropy" else data.num_classes


def sample_losses(loss: str, outputs: "torch.Tensor", targets: "torch.Tensor") -> "torch.Tensor":
    """Return the loss of each sample, shape (batch,).

    A squared error is the mean over a sample's values. Means over samples, divided by the mean of
    the values' variances, are 1 − R².
    """
    from torch.nn import functional as F

    if loss == "squared_error":
        return F.mse_loss(outputs, targets.flatten(1), reduction="none").mean(dim=1)
    if loss == "binary_cross_entropy":
        losses = F.binary_cross_entropy_with_logits(
            outputs[:, 0], targets.to(outputs.dtype), reduction="none"
        )
        return losses
    if targets.dim() == 1:
        return F.cross_entropy(outputs, targets, reduction="none")
    return F.cross_entropy(outputs.transpose(1, 2), targets, reduction="none").mean(dim=1)


def hits(loss: str, outputs: "torch.Tensor", targets: "torch.Tensor") -> "torch.Tensor | None":
    """Return the part of each sample's predictions that are right, shape (batch,); None for squared
    error, which has no right and wrong.
    """
    if loss == "squared_error":
        return None
    if loss == "binary_cross_entropy":
        return ((outputs[:, 0] > 0) == targets.bool()).to(outputs.dtype)
    right = (outputs.argmax(dim=-1) == targets).to(outputs.dtype)
    return right if right.dim() == 1 else right.mean(dim=1)


def probabilities(loss: str, outputs: "torch.Tensor") -> "torch.Tensor":
    """Return the probability of each class, shape (..., num_classes); the outputs themselves for
    squared error.
    """
    if loss == "squared_error":
        return outputs
    if loss == "binary_cross_entropy":
        import torch

        positive = outputs[:, 0].sigmoid()
        return torch.stack([1 - positive, positive], dim=1)
    return outputs.softmax(dim=-1)
