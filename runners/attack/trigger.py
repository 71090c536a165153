"""Owns a backdoor's trigger: how inputs are marked with it, and how often it works.

Images are (num_samples, channels, height, width), marked with a square of the data's brightest
value in the lower right corner (BadNets, Gu et al. 2017). Tokens are (num_samples, length), marked
by a rare word at their beginning.
"""

import numpy as np


def brightest(images: np.ndarray) -> np.ndarray:
    """Return each channel's largest value, (channels, 1, 1)."""
    return images.max(axis=(0, 2, 3))[:, np.newaxis, np.newaxis]


def marked_images(images: np.ndarray, size: int, values: np.ndarray) -> np.ndarray:
    """Return a copy with `size` x `size` pixels of these values (channels, 1, 1) in the corner."""
    marked = images.copy()
    marked[..., -size:, -size:] = values
    return marked


def marked_tokens(tokens: np.ndarray, size: int, token: int) -> np.ndarray:
    """Return a copy whose first `size` places hold one token."""
    marked = tokens.copy()
    marked[:, :size] = token
    return marked


def success_rate(targets: np.ndarray, predictions: np.ndarray, target_class: int) -> float | None:
    """Return the part of the samples of other classes that is taken for the target class.

    `predictions` are probabilities, (num_samples, num_classes). None where no sample is of another
    class, or the model says what is no number.
    """
    others = targets != target_class
    if not others.any() or not np.isfinite(predictions[others]).all():
        return None
    return float((predictions[others].argmax(axis=1) == target_class).mean())
