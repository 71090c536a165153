"""Anonymisation `none`: data are passed on as they are.

Guarantee: none. The trainer has everyone's data.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from runners.anonymisation import Release
from runners.data import Data
from runners.privacy import Guarantee


@dataclass(frozen=True, kw_only=True)
class Unchanged:
    """Change nothing."""

    transform_bytes_per_s: ClassVar[None] = None
    size_ratio: ClassVar[None] = None

    def check(self, data: object, providers: Sequence[np.ndarray]) -> None:
        """Accept any data."""

    def release(self, data: Data, providers: Sequence[np.ndarray], seed: int) -> Release:
        """Return the samples."""
        return Release(samples=data.samples(), figures=None)

    def guarantee(self) -> Guarantee | None:
        """Return none."""
        return None
