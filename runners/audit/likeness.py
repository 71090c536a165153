"""Owns how alike a reconstruction and its original are: PSNR and SSIM.

Inputs are arrays of one shape, (channels, height, width) for SSIM; `span` is the difference between
the largest and the smallest value that inputs have.
"""

import numpy as np

HIGHEST_PSNR_DB = 120.0
"""Of a faultless copy, whose PSNR is infinite; float32 has about 140 dB."""
WINDOW = 7


def psnr_db(original: np.ndarray, copy: np.ndarray, span: float) -> float:
    """Return the peak signal-to-noise ratio, 10 log₁₀(span² ÷ mean squared error), in dB."""
    error = float(np.mean((original.astype(np.float64) - copy) ** 2))
    lowest = span**2 * 10 ** (-HIGHEST_PSNR_DB / 10)
    return float(10 * np.log10(span**2 / max(error, lowest)))


def ssim(original: np.ndarray, copy: np.ndarray, span: float) -> float:
    """Return the structural similarity (Wang et al. 2004), −1 to 1: the mean over channels and all
    windows of 7 × 7 that lie within the image, with K₁ = 0.01 and K₂ = 0.03.
    """
    windows = [
        np.lib.stride_tricks.sliding_window_view(image.astype(np.float64), (WINDOW, WINDOW), (1, 2))
        for image in (original, copy)
    ]
    one, other = (window.reshape(*window.shape[:3], -1) for window in windows)
    mean_one, mean_other = one.mean(axis=-1), other.mean(axis=-1)
    variances = one.var(axis=-1, ddof=1) + other.var(axis=-1, ddof=1)
    products = (one - mean_one[..., None]) * (other - mean_other[..., None])
    covariance = products.sum(axis=-1) / (WINDOW**2 - 1)
    c_1, c_2 = (0.01 * span) ** 2, (0.03 * span) ** 2
    likeness = (2 * mean_one * mean_other + c_1) * (2 * covariance + c_2)
    likeness /= (mean_one**2 + mean_other**2 + c_1) * (variances + c_2)
    return float(likeness.mean())


def has_ssim(shape: tuple[int, ...]) -> bool:
    """Whether inputs are images, and large enough for a window."""
    return len(shape) == 3 and min(shape[1:]) >= WINDOW
