"""Mechanisms of differential privacy with defaults, and merges for them."""

from dataclasses import replace
from math import inf
from typing import Any

import torch

from runners.privacy import Merge, Sampling
from runners.privacy.adaptive_clip import AdaptiveClip
from runners.privacy.clip import Clip
from runners.privacy.dp_central import DpCentral
from runners.privacy.dp_distributed import DpDistributed
from runners.privacy.dp_local import DpLocal

EVERYONE = Sampling(kind="everyone", num_partners=10, num_chosen=10)
CLIP = Clip(clipping_norm=2.0, numbers_per_s=1e9)
ADAPTIVE = AdaptiveClip(
    initial_clipping_norm=2.0,
    quantile=0.5,
    learning_rate=0.2,
    bits_noise_std=1.0,
    noise_source="seeded",
    numbers_per_s=1e9,
)
BUDGET: dict[str, Any] = {"epsilon": None, "delta": 1e-5, "noise_source": "seeded"}
CENTRAL = DpCentral(noise_multiplier=1.5, numbers_per_s=1e8, **BUDGET)
LOCAL = DpLocal(
    distribution="gaussian", clipping_norm=2.0, noise_multiplier=1.5, numbers_per_s=1e8, **BUDGET
)
DISTRIBUTED = DpDistributed(
    noise_multiplier=1.5,
    min_partners=4,
    step=2.0**-16,
    max_inflation=0.01,
    numbers_per_s=1e7,
    **BUDGET,
)


def merge_of(num: int = 4, norm_bound: float = 2.0, **changes: Any) -> Merge:
    """Return a merge of partners 0 to num − 1, behind clipping."""
    merge = Merge(
        number=0,
        partners=tuple(range(num)),
        dropped=(),
        num_partners=10,
        seed=7,
        secret=99,
        norm_bound=norm_bound,
    )
    return replace(merge, **changes)


def no_figures() -> torch.Tensor:
    return torch.zeros(0, dtype=torch.float64)


def near_std(values: torch.Tensor, std: float) -> bool:
    """Return whether independent numbers of mean 0 have this deviation: it varies by one part in
    sqrt(2 n) for Gaussian ones, and five times that is not chance.
    """
    ratio = values.double().square().mean().sqrt().item() / std
    return abs(ratio - 1) < 5 / (2 * values.numel()) ** 0.5 and std not in (0, inf)
