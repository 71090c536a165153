"""Owns augmentation of images: shifts by up to two pixels, and mirror images.

What happens to a sample is drawn with its batch (three whole numbers), so it does not depend on who
computes it.
"""

import numpy as np
import torch

MAX_SHIFT = 2


def draw(kind: str, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray | None:
    """Return shifts down and right, and whether to mirror, int64 of shape (*shape, 3); None where
    nothing is augmented.
    """
    if kind == "none":
        return None
    draws = np.zeros((*shape, 3), dtype=np.int64)
    if kind == "shift":
        draws[..., :2] = rng.integers(-MAX_SHIFT, MAX_SHIFT, (*shape, 2), endpoint=True)
    else:
        draws[..., 2] = rng.integers(0, 1, shape, endpoint=True)
    return draws


def augment(images: torch.Tensor, draws: torch.Tensor) -> torch.Tensor:
    """Return the images, (num_samples, channels, height, width), moved and mirrored; what a shift
    uncovers is 0.
    """
    height, width = images.shape[-2:]
    rows = torch.arange(height, device=images.device) - draws[:, 0, None]
    columns = torch.arange(width, device=images.device) - draws[:, 1, None]
    columns = torch.where(draws[:, 2, None].bool(), width - 1 - columns, columns)
    inside = ((rows >= 0) & (rows < height))[:, :, None] & ((columns >= 0) & (columns < width))[
        :, None, :
    ]
    sample = torch.arange(len(images), device=images.device)[:, None, None]
    moved = images.movedim(1, -1)[
        sample, rows.clamp(0, height - 1)[:, :, None], columns.clamp(0, width - 1)[:, None, :]
    ]
    return (moved * inside[..., None]).movedim(-1, 1)
