"""Owns what a model's loss on a sample says of its membership.

A score is a number that is higher for members: how much likelier the model's confidence is among
shadow models that were trained with the sample than among those that were not (LiRA, Carlini et al.
2022). Log-odds are float64 of shape (num_candidates,), of shadow models (num_shadows,
num_candidates), and `is_in`, of that shape, says which were trained on which.
"""

import numpy as np
import torch

from runners.learner.local_training import LocalTraining
from runners.loss import sample_losses

ENOUGH_SHADOWS = 64
"""From so many on each sample's deviations are its own; with fewer, all samples share one, which
Carlini et al. (2022, section VI-C) found better.
"""
SMALLEST_LOSS = 1e-16
SMALLEST_DEVIATION = 1e-6


def losses_of(training: LocalTraining, vector: torch.Tensor, numbers: np.ndarray) -> np.ndarray:
    """Return the losses of samples of these numbers under a model, float64."""
    inputs, targets = training.data.batch(numbers)
    outputs = training.outputs(None, vector, inputs).double()
    if targets.is_floating_point():
        targets = targets.double()
    return sample_losses(training.task.loss, outputs, targets).cpu().numpy()


def log_odds(losses: np.ndarray) -> np.ndarray:
    """Return ln(p / (1 − p)) of the confidence p = e^−loss, which is near to normal.

    That is −ln(e^loss − 1), or −loss − ln(1 − e^−loss), which does not overflow. For losses other
    than cross entropy it is the same function of them.
    """
    losses = np.maximum(losses, SMALLEST_LOSS)
    odds: np.ndarray = -losses - np.log(-np.expm1(-losses))
    return odds


def online_scores(target: np.ndarray, shadows: np.ndarray, is_in: np.ndarray) -> np.ndarray:
    """Return ln N(φ; μ_in, σ_in²) − ln N(φ; μ_out, σ_out²) of each candidate's log-odds φ."""
    inside, outside = _normal(shadows, is_in), _normal(shadows, ~is_in)
    return _log_density(target, *inside) - _log_density(target, *outside)


def offline_scores(target: np.ndarray, shadows: np.ndarray, is_in: np.ndarray) -> np.ndarray:
    """Return (φ − μ_out) / σ_out, which orders as the probability that a model without the sample
    is less confident; only models without it are needed.
    """
    mean, deviation = _normal(shadows, ~is_in)
    scores: np.ndarray = (target - mean) / deviation
    return scores


def _normal(shadows: np.ndarray, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and deviation of each column over its chosen rows."""
    counts = chosen.sum(axis=0)
    mean = np.where(chosen, shadows, 0).sum(axis=0) / counts
    squares = np.where(chosen, shadows - mean, 0) ** 2
    if len(shadows) < ENOUGH_SHADOWS:
        variance = np.full_like(mean, squares.sum() / (counts - 1).sum())
    else:
        variance = squares.sum(axis=0) / (counts - 1)
    return mean, np.maximum(np.sqrt(variance), SMALLEST_DEVIATION)


def _log_density(values: np.ndarray, mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """Return ln N(values; mean, deviation²) without its constant −ln(2π) / 2."""
    density: np.ndarray = -np.log(deviation) - (values - mean) ** 2 / (2 * deviation**2)
    return density
