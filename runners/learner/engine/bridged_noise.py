"""Owns the noise of DP-SGD in the first layer of dense networks, drawn once for a block of steps.

Plain SGD adds noise r_s Z_s to the layer's weights in step s, r_s being the rate times the
deviation and Z_s standard normal. What is added up so far, N_s, is Brownian motion at the time
r_1² + … + r_s², and nothing but a step's outputs x N_sᵀ depends on it within a block: the rows of
inputs x are known before, and no gradient goes below the first layer. So it is enough to draw the
block's whole noise N, and what its steps see of N_s once N is known: a Brownian bridge, which is
t N and a remainder that ends at 0, t being the part of the block's time that is over (Karatzas and
Shreve 1991, 5.6.B). What rows x_i and x_j, at t_i ≤ t_j, see of the remainder has for each output
the covariance (x_i · x_j) t_i (1 − t_j), times the block's time. Each step gives the weights its
part of N, and its outputs are offset by what they see of the remainder.

Losses and weights at the end of a job have the joint distribution that they have with noise drawn
in each step, and so the guarantee of DP-SGD (Abadi et al. 2016) and its accounting stay as they
are. Equal rows make covariances singular; so each row's own variance is a little larger (`JITTER`).
That adds independent noise to what an example's gradient is taken at, and takes none from the
weights.
"""

import math
from collections.abc import Sequence

import numpy as np
import torch

from runners.learner.cohort import Job
from runners.learner.engine.dense import Layer
from runners.learner.noise import Noise
from runners.learner.rank_data import RankData

JITTER = 1e-9
"""Relative to a row's variance; more than Cholesky's rounding, rows² 2⁻⁵³, for 2,000 rows."""
NUMBER_NS, PRODUCT_NS, PASS_NS, BLOCK_NS = 2.7, 0.04, 0.2, 1e5
"""What a normal number, a float64 multiplication in a product, a number in a sum of matrices, and
what else a block needs take on one core of a 2-core server (AVX-512).
"""
WORTH = 2.0
"""So many times as fast a block must be: its many small products suffer more from busy neighbours.
"""


class BridgedNoise:
    """Make the noise of one job of a dense network, for steps w ← w − rate × gradient."""

    def __init__(
        self,
        layer: Layer,
        data: RankData,
        job: Job,
        rates: Sequence[float],
        noise: Noise,
        deviation: float,
    ) -> None:
        """`layer` is the first; `deviation` is that of the noise in a step's gradient."""
        self._layer = layer
        self._data = data
        self._job = job
        self._squared_rates = np.square(rates[: job.num_steps])
        self._noise = noise
        self._deviation = deviation
        self._block_steps = block_steps(layer, job.num_steps, expected(job))
        self._total = job.start.new_empty(layer.num_outputs * layer.num_inputs)

    def offsets(self, step: int) -> torch.Tensor:
        """Return what is added to the first layer's outputs in this step, (batch, num_outputs);
        steps are asked for one after the other.
        """
        place = step % self._block_steps
        if place == 0:
            self._begin(step)
        return self._offsets[place]

    def add_to(self, row: torch.Tensor, step: int, rate: float) -> None:
        """Add the step's noise to a row of weights."""
        weights = row[self._layer.weight]
        weights.add_(self._total, alpha=float(self._parts[step % self._block_steps]))
        self._noise.add_to(row[self._layer.weight.stop :], rate * self._deviation)

    def _begin(self, first: int) -> None:
        """Draw the noise of the block that begins with step `first`."""
        steps = slice(first, min(first + self._block_steps, self._job.num_steps))
        squares = self._squared_rates[steps]
        time = squares.sum()
        self._parts = squares / time if time else squares
        deviation = math.sqrt(time) * self._deviation
        self._noise.add_to(self._total.zero_(), deviation)
        # The first step sees the weights as they were before the block
        self._offsets = self._seen(slice(first + 1, steps.stop), deviation)

    def _seen(self, steps: slice, deviation: float) -> torch.Tensor:
        """Return what steps see of the remainder, (1 + num_steps, batch, num_outputs), with zeros
        for those who take no part, and for the step before.
        """
        samples, draws, counts = self._job.samples[steps], self._job.draws, self._job.counts
        assert counts is not None, "jobs come with counts where there is a rule"
        takes_part = np.arange(samples.shape[1]) < counts[steps, None]
        shape = (1 + len(samples), samples.shape[1], self._layer.num_outputs)
        offsets = self._total.new_zeros(shape)
        if takes_part.any():
            drawn = None if draws is None else draws[steps][takes_part]
            inputs, _ = self._data.batch(samples[takes_part], drawn)
            times = np.repeat(np.cumsum(self._parts[:-1]), counts[steps])
            normal = inputs.new_zeros(len(inputs), self._layer.num_outputs)
            self._noise.add_to(normal.view(-1), deviation)
            mask = torch.from_numpy(takes_part).to(inputs.device)
            offsets[1:][mask] = bridge(inputs.flatten(1), torch.from_numpy(times), normal)
        return offsets


def bridge(inputs: torch.Tensor, times: torch.Tensor, normal: torch.Tensor) -> torch.Tensor:
    """Return what rows of inputs (num_rows, num_inputs) see at their times, from 0 to 1, of a
    Brownian bridge that is 0 at both ends, made of `normal` numbers (num_rows, num_outputs), whose
    deviation it has.

    Rows that are 0 or not finite see nothing, and change nothing for others.
    """
    exact, times = inputs.double(), times.to(inputs.device)
    shares = torch.minimum(times[:, None], times) - times[:, None] * times
    covariances = (exact @ exact.mT).mul_(shares)
    deviations = covariances.diagonal().sqrt()
    correlations = covariances.div_(deviations[:, None]).div_(deviations)
    correlations.nan_to_num_(nan=0.0, posinf=0.0, neginf=0.0).fill_diagonal_(1 + JITTER)
    seen = torch.linalg.cholesky(correlations).to(normal) @ normal
    return seen.mul_(deviations.nan_to_num(nan=0.0, posinf=0.0)[:, None])


def block_steps(layer: Layer, num_steps: int, batch_size: int) -> int:
    """Return for how many of a job's steps noise is best drawn at once; 1 where each step's own is
    faster. Depends on shapes alone.

    A block of m steps of b examples draws its numbers once, D ns, and takes m² products of b rows
    with each other, P ns each time: D / m + P m ns a step is least for m = √(D / P). A job's blocks
    are about equally long.
    """
    size = layer.num_inputs * layer.num_outputs
    drawn = size * NUMBER_NS + BLOCK_NS
    product = batch_size**2 * (layer.num_inputs + layer.num_outputs) * PRODUCT_NS
    best = max(1, round(math.sqrt(drawn / product)))
    steps = math.ceil(num_steps / math.ceil(num_steps / best))
    cholesky = batch_size * (steps * batch_size) ** 2 / 3 * PRODUCT_NS
    rest = size * PASS_NS + batch_size * layer.num_outputs * NUMBER_NS + cholesky
    cost = drawn / steps + product * steps + rest
    return steps if WORTH * cost < size * NUMBER_NS else 1


def expected(job: Job) -> int:
    """Return how many examples a step of a job takes in the mean."""
    assert job.expected_count is not None, "jobs come with it where there is a rule"
    return job.expected_count
