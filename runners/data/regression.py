"""Data `regression`: synthetic vectors and values that depend on them linearly, with noise.

y = x W + b + noise ε, with x, ε and b standard normal and columns of W of length 1: a value's
variance is 1 + noise², and the best R² is 1 / (1 + noise²). Every fifth sample is held out; the
draws are the same for all seeds.
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
class Regression:
    """Provide float32 vectors of shape (num_features,) and values of shape (num_values,)."""

    num_features: int
    num_values: int
    noise: float
    num_samples: int

    vocabulary = None
    target = "values"
    num_classes = 1

    def __post_init__(self) -> None:
        at_least("num_features", self.num_features, 1, remedy="try task.data.num_features=10")
        at_least("num_values", self.num_values, 1, remedy="try task.data.num_values=1")
        not_negative("noise", self.noise, remedy="0 is none, 1 as much as the features make")
        at_least("num_samples", self.num_samples, 5, remedy="try task.data.num_samples=1000")

    @property
    def inputs(self) -> tuple[int]:
        """The features."""
        return (self.num_features,)

    @property
    def sample_bytes(self) -> int:
        """Features and values in float32."""
        return 4 * (self.num_features + self.num_values)

    def index(self) -> Index:
        """Return label 0 for all; there is no natural key."""
        labels = np.zeros(self.num_samples, dtype=np.int64)
        return divided_index(labels, None, held_out_fifth("regression", self.num_samples))

    def samples(self) -> Samples:
        """Return vectors and values."""
        return divided_samples(*_draw(self), held_out_fifth("regression", self.num_samples))


@cache
def _draw(data: Regression) -> tuple[np.ndarray, np.ndarray]:
    rng = stream(0, "data", "regression")
    weights = rng.standard_normal((data.num_features, data.num_values))
    weights /= np.linalg.norm(weights, axis=0)
    offsets = rng.standard_normal(data.num_values)
    inputs = rng.standard_normal((data.num_samples, data.num_features))
    rest = data.noise * rng.standard_normal((data.num_samples, data.num_values))
    values = inputs @ weights + offsets + rest
    return inputs.astype(np.float32), values.astype(np.float32)
