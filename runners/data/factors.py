"""Data `factors`: synthetic vectors that few factors drive, to be told by an autoencoder.

x = (z W + noise ε) / √(1 + noise²) with z of `num_factors` and ε of `num_features` standard normal
numbers, and columns of W of length 1: each feature has mean 0 and variance 1. With k = num_factors
below the features, no linear code of k numbers reconstructs x with a smaller mean squared error
than about (1 − k / num_features) noise² / (1 + noise²) (principal components of a factor model).
Every fifth sample is held out; the draws are the same for all seeds.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from runners.data import Samples
from runners.data.holdout import divided_index, divided_samples, held_out_fifth
from runners.partition import Index
from sim.bounds import at_least, not_negative
from sim.streams import stream


@dataclass(frozen=True, kw_only=True)
class Factors:
    """Provide float32 vectors of shape (num_features,), which are their own targets."""

    num_features: int
    num_factors: int
    noise: float
    num_samples: int

    vocabulary = None
    target = "inputs"
    num_classes = 1

    def __post_init__(self) -> None:
        at_least("num_features", self.num_features, 1, remedy="try task.data.num_features=10")
        if not 1 <= self.num_factors <= self.num_features:
            raise ValueError(
                f"num_factors must be between 1 and the {self.num_features} features, got "
                f"{self.num_factors}; try task.data.num_factors=1"
            )
        not_negative("noise", self.noise, remedy="0 is none, 1 as much as the factors make")
        at_least("num_samples", self.num_samples, 5, remedy="try task.data.num_samples=1000")

    @property
    def inputs(self) -> tuple[int]:
        """The features."""
        return (self.num_features,)

    @property
    def num_values(self) -> int:
        """The features again."""
        return self.num_features

    @property
    def sample_bytes(self) -> int:
        """Features in float32; the target is the same numbers."""
        return 4 * self.num_features

    def index(self) -> Index:
        """Return label 0 for all; there is no natural key."""
        labels = np.zeros(self.num_samples, dtype=np.int64)
        return divided_index(labels, None, held_out_fifth("factors", self.num_samples))

    def samples(self) -> Samples:
        """Return vectors, as inputs and as targets."""
        vectors = _draw(self)
        return divided_samples(vectors, vectors, held_out_fifth("factors", self.num_samples))


@cache
def _draw(data: Factors) -> np.ndarray:
    rng = stream(0, "data", "factors")
    mixing = rng.standard_normal((data.num_factors, data.num_features))
    mixing /= np.linalg.norm(mixing, axis=0)
    factors = rng.standard_normal((data.num_samples, data.num_factors))
    rest = data.noise * rng.standard_normal((data.num_samples, data.num_features))
    return ((factors @ mixing + rest) / np.sqrt(1 + data.noise**2)).astype(np.float32)
