"""Owns what example-level privacy asks of every training step: DP-SGD (Abadi et al. 2016).

A step takes the sum of the gradients of single examples, each clipped to `clipping_norm` C, adds
normal noise of deviation `noise_multiplier` σ times C to each number of it, once, and divides by
the number of examples that a step takes in the mean.
"""

from dataclasses import dataclass

SAMPLINGS = ("poisson", "shuffled")


@dataclass(frozen=True, kw_only=True)
class ExampleRule:
    """Hold the rule. `sampling` says who takes part in a step: with `poisson` each example that the
    trainer holds, by itself and with the same probability; with `shuffled` the next ones of a
    shuffled pass.
    """

    clipping_norm: float
    noise_multiplier: float
    sampling: str

    def deviation(self, weight: float) -> float:
        """Return the deviation of the noise for a sum in which an example weighs `weight`, at most;
        0 without noise, whatever the clipping norm.
        """
        return weight * self.noise_multiplier * self.clipping_norm if self.noise_multiplier else 0.0


def expected_count(num_held: int, batch_size: int) -> int:
    """Return how many examples a step takes in the mean: none can be in it twice."""
    return min(num_held, batch_size)
