"""Owns what an attack comes to, and the pictures it leaves."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch

from runners.audit.epsilon import EpsilonBound
from runners.audit.trials import Interval, Judgement

KINDS = ("membership", "reconstruction", "property")

Protect = Callable[[torch.Tensor], torch.Tensor]
"""From updates as they are, float32 of shape (num_updates, size), to what an attacker sees of them;
each is of another victim, and may be overwritten.
"""
OnProgress = Callable[[float], None]


@dataclass(frozen=True, kw_only=True)
class Result:
    """Hold an attack's outcome: `question` is what its scores answer, `reason` why there are none.

    `epsilon` is what a membership attack proves; `quality` has further figures, by name with unit.
    """

    attack: str
    kind: str
    question: str
    judgement: Judgement | None = None
    epsilon: EpsilonBound | None = None
    quality: dict[str, Interval] = field(default_factory=dict)
    reason: str | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Copies:
    """Hold originals and what an attack made of them, (num_samples, channels, height, width), with
    each copy's PSNR.
    """

    attack: str
    originals: np.ndarray
    copies: np.ndarray
    psnr_db: list[float]
    low: float
    high: float
