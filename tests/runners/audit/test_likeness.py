"""PSNR and SSIM by hand and by a plain loop."""

import numpy as np
import pytest

from runners.audit.likeness import HIGHEST_PSNR_DB, has_ssim, psnr_db, ssim


def test_psnr_by_hand() -> None:
    # every value is off by 0.1 of a span of 2: 10 log₁₀(4 / 0.01) = 26.02
    original = np.zeros((1, 4, 4), dtype=np.float32)
    assert psnr_db(original, original + 0.1, 2.0) == pytest.approx(26.0206, abs=1e-4)
    assert psnr_db(original, original, 2.0) == HIGHEST_PSNR_DB


def test_ssim_of_even_images_by_hand() -> None:
    # no variance: (2 · 0.2 · 0.6 + 0.0001) / (0.04 + 0.36 + 0.0001) = 0.2401 / 0.4001
    even = np.ones((1, 8, 8))
    assert ssim(0.2 * even, 0.6 * even, 1.0) == pytest.approx(0.2401 / 0.4001)


def test_ssim_is_what_a_loop_over_windows_gives() -> None:
    rng = np.random.default_rng(0)
    original, copy = rng.random((2, 9, 8)), rng.random((2, 9, 8))
    values = []
    for channel in range(2):
        for row in range(3):
            for column in range(2):
                window = (channel, slice(row, row + 7), slice(column, column + 7))
                one, other = original[window].ravel(), copy[window].ravel()
                covariance = np.cov(one, other)
                first = 2 * one.mean() * other.mean() + 1e-4
                first /= one.mean() ** 2 + other.mean() ** 2 + 1e-4
                second = 2 * covariance[0, 1] + 9e-4
                second /= covariance[0, 0] + covariance[1, 1] + 9e-4
                values.append(first * second)
    assert ssim(original, copy, 1.0) == pytest.approx(np.mean(values))
    assert ssim(original, original, 1.0) == pytest.approx(1.0)


def test_only_large_enough_images_have_an_ssim() -> None:
    assert has_ssim((3, 7, 8))
    assert not has_ssim((1, 6, 8))
    assert not has_ssim((64,))
