"""Bandwidth `constant`: links stay as they are."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Constant:
    """Change nothing."""

    def changes(
        self, nominal: Mapping[str, float], rng: np.random.Generator
    ) -> Iterator[tuple[float, str, float]]:
        """Yield nothing."""
        return iter(())
