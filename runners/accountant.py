"""Owns ε: what Gaussian noise has spent after a number of merges (or steps), and how much noise or
how many merges a budget allows.

In: the noise multiplier, which is the noise's standard deviation over the most that one partner (or
example) adds to the sum, C; how those who take part are drawn; δ. Out: ε. Neighbours: all that one
partner sends is replaced by zeros ("zero-out"; it stays counted in public numbers), which for sums
is the same as adding or removing it.

* `everyone`: no amplification. n merges are one with noise σ / √n, and its ε is exact (Balle and
  Wang 2018, theorem 8; Dong, Roth and Su 2022, corollary 3.3). PLD approaches it.
* `poisson`: dp-accounting's privacy loss distributions (PLD), pessimistic.
* `fixed`: Rényi DP by theorem 27 of Wang, Balle and Kasiviswanathan 2019, which holds where one
  partner is replaced by any other, two contributions up to 2 C apart, so for σ / 2; zeros are one
  such replacement. Draws without replacement are not dominated by the pair of distributions that
  PLD composes for Poisson sampling (Lebeda et al. 2024), so there is no PLD. Where many of all
  partners are drawn, `everyone` bounds ε more tightly, and the smaller one is returned.

Amplification needs that nobody learns who was drawn from anything but the sum.
"""

import math
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from runners.privacy import Sampling
from sim.bounds import positive

if TYPE_CHECKING:
    import numpy as np
    from dp_accounting.pld.privacy_loss_distribution import PrivacyLossDistribution

MOST_MERGES = 2**20
# As dp-accounting's, without fractions below 5, whose series need not converge.
POISSON_ORDERS = (2, 3, 4, *(tenths / 10 for tenths in range(50, 110)), *range(11, 64), 128, 512)
FIXED_ORDERS = (*range(2, 17), *range(18, 64, 3), 128, 512, 1024)  # a third of a second


@lru_cache(maxsize=4096)
def epsilon(noise_multiplier: float, sampling: Sampling, num_merges: int, delta: float) -> float:
    """Return the least ε that is proven for δ; infinite without noise, 0 before the first merge."""
    if num_merges == 0:
        return 0.0
    if noise_multiplier == 0:
        return math.inf
    if sampling.kind == "poisson" and sampling.rate < 1:
        return _poisson_epsilon(noise_multiplier, sampling.rate, num_merges, delta)
    exact = gaussian_epsilon(noise_multiplier / math.sqrt(num_merges), delta)
    if sampling.kind == "fixed" and sampling.rate < 1:
        return min(exact, epsilon_by_rdp(noise_multiplier, sampling, num_merges, delta))
    return exact


def epsilon_by_rdp(
    noise_multiplier: float, sampling: Sampling, num_merges: int, delta: float
) -> float:
    """Return ε by Rényi DP (Mironov 2017): the check, which should be somewhat above PLD's."""
    if sampling.kind == "everyone" or sampling.rate == 1:
        return concentrated_epsilon(1 / (2 * noise_multiplier**2), 0.0, num_merges, delta)
    orders = FIXED_ORDERS if sampling.kind == "fixed" else POISSON_ORDERS
    return _epsilon_at(orders, num_merges * _rdp(noise_multiplier, sampling, orders), delta)


def gaussian_epsilon(noise_multiplier: float, delta: float) -> float:
    """Return ε of one Gaussian mechanism: where Φ(1/2σ − εσ) − e^ε Φ(−1/2σ − εσ) is δ."""
    distance = 1 / noise_multiplier
    # 1/2σ² is its ρ, and ρ + 2 sqrt(ρ ln 1/δ) is enough (Bun and Steinke 2016, proposition 1.3).
    enough = distance**2 / 2 + distance * math.sqrt(2 * math.log(1 / delta))
    if gaussian_delta(noise_multiplier, 0.0) <= delta:
        return 0.0
    return _least(lambda value: gaussian_delta(noise_multiplier, value) <= delta, 0.0, enough)


def gaussian_delta(noise_multiplier: float, epsilon: float) -> float:
    """Return δ of one Gaussian mechanism (Balle and Wang 2018, theorem 8)."""
    from scipy.special import log_ndtr

    half, shift = 1 / (2 * noise_multiplier), epsilon * noise_multiplier
    return math.exp(log_ndtr(half - shift)) - math.exp(epsilon + log_ndtr(-half - shift))


@lru_cache(maxsize=4096)
def concentrated_epsilon(rho: float, xi: float, num_merges: int, delta: float) -> float:
    """Return ε of merges that are each (ξ, ρ)-zCDP: Rényi DP of ξ + ρ α at each order α (Bun and
    Steinke 2016).
    """
    import numpy as np

    orders = 1 + np.geomspace(1e-3, 1e4, 500)
    return _epsilon_at(orders, num_merges * (xi + rho * orders), delta)


@lru_cache(maxsize=4096)
def pure_epsilon(epsilon: float, num_merges: int, delta: float) -> float:
    """Return ε of merges that are each (ε, 0): n ε, or less for δ > 0 (Kairouz, Oh and Viswanath
    2015: none spends more than randomised response).
    """
    if delta == 0 or num_merges < 2:
        return num_merges * epsilon
    from dp_accounting.pld import common, privacy_loss_distribution

    one = privacy_loss_distribution.from_privacy_parameters(
        common.DifferentialPrivacyParameters(epsilon, 0.0), _interval(num_merges)
    )
    return min(num_merges * epsilon, one.self_compose(num_merges).get_epsilon_for_delta(delta))


def max_merges(spent: Callable[[int], float], limit: float | None, sure: float = 0) -> float:
    """Return the largest number of merges of which ε, `spent`, is within the limit, `sure` or more;
    infinite without a limit, or where it is above a million.
    """
    if limit is None or sure >= MOST_MERGES:
        return math.inf
    within = int(sure)
    more = max(1, within // 8)
    while spent(within + more) <= limit:
        within, more = within + more, 2 * more
        if within >= MOST_MERGES:
            return math.inf
    beyond = within + more
    while beyond - within > 1:
        middle = (within + beyond) // 2
        if spent(middle) <= limit:
            within = middle
        else:
            beyond = middle
    return within


def rest_of(noise_multiplier: float, spent: float) -> float:
    """Return the noise multiplier of a sum that, with figures of noise multiplier `spent` beside
    it, hides as much as `noise_multiplier` would: (z^−2 − s^−2)^(−1/2) (Andrew et al. 2021,
    theorem 1).
    """
    return (noise_multiplier**-2 - spent**-2) ** -0.5


def check_budget(epsilon: float | None, delta: float) -> None:
    """Raise ValueError unless ε is above 0 or None, and δ a probability that means something."""
    if epsilon is not None:
        positive("epsilon", epsilon, remedy="null is no limit, 1 to 10 are common")
    if not 0 < delta < 1:
        raise ValueError(
            f"delta must be above 0 and below 1, got {delta}; try 1e-5, and less than one over the "
            "number of partners"
        )


def noise_multiplier_for(limit: float, sampling: Sampling, num_merges: int, delta: float) -> float:
    """Return the least noise multiplier, up to 0.1% more, with which ε is within the limit."""

    def is_enough(multiplier: float) -> bool:
        return epsilon(multiplier, sampling, num_merges, delta) <= limit

    enough = 1.0
    while not is_enough(enough):
        enough *= 2
    while is_enough(enough / 2):
        enough /= 2
    return _least(is_enough, enough / 2, enough, tolerance=1e-3)


def _least(
    is_enough: Callable[[float], bool], low: float, high: float, tolerance: float = 1e-12
) -> float:
    """Return the least number that is enough, from above, between `low` and `high`."""
    while high - low > tolerance * high:
        middle = (low + high) / 2
        if is_enough(middle):
            high = middle
        else:
            low = middle
    return high


def _poisson_epsilon(noise_multiplier: float, rate: float, num_merges: int, delta: float) -> float:
    one = _poisson_losses(noise_multiplier, rate, _interval(num_merges))
    return float(one.self_compose(num_merges).get_epsilon_for_delta(delta))


@lru_cache(maxsize=64)
def _poisson_losses(
    noise_multiplier: float, rate: float, interval: float
) -> "PrivacyLossDistribution":
    from dp_accounting.pld import privacy_loss_distribution

    return privacy_loss_distribution.from_gaussian_mechanism(
        standard_deviation=noise_multiplier,
        value_discretization_interval=interval,
        sampling_prob=rate,
    )


def _interval(num_merges: int) -> float:
    """Return the grid of privacy losses, 1e-3 to 1e-4 in steps of 2: ε grows by about n times its
    square, that is by less than 1e-4 up to n = 10,000. Finer takes longer.
    """
    halvings = math.ceil(math.log2(max(num_merges, 100) / 100) / 2)
    return max(1e-3 / 2**halvings, 1e-4)


@lru_cache(maxsize=64)
def _rdp(
    noise_multiplier: float, sampling: Sampling, orders: tuple[float, ...]
) -> "np.ndarray[Any, Any]":
    """Return Rényi DP of one merge for which partners are drawn."""
    import dp_accounting
    from dp_accounting.rdp import RdpAccountant

    if sampling.kind == "poisson":
        relation = dp_accounting.NeighboringRelation.ADD_OR_REMOVE_ONE
        event = dp_accounting.PoissonSampledDpEvent(
            sampling.rate, dp_accounting.GaussianDpEvent(noise_multiplier)
        )
    else:
        # Here dp-accounting takes noise relative to the distance of any two contributions, 2 C.
        relation = dp_accounting.NeighboringRelation.REPLACE_ONE
        event = dp_accounting.SampledWithoutReplacementDpEvent(
            source_dataset_size=sampling.num_partners,
            sample_size=math.ceil(sampling.num_chosen),
            event=dp_accounting.GaussianDpEvent(noise_multiplier / 2),
        )
    accountant = RdpAccountant(orders, relation)
    accountant.compose(event)
    return accountant.rdp


def _epsilon_at(orders: Any, rdp: "np.ndarray[Any, Any]", delta: float) -> float:
    from dp_accounting.rdp import compute_epsilon

    return float(compute_epsilon(orders, rdp, delta)[0])
