"""Privacy `dp_distributed`: each partner adds a share of the noise, and a secure sum opens only
their total (Kairouz, Liu and Steinke 2021, The Distributed Discrete Gaussian Mechanism).

With m partners in a merge, an update clipped to C is rounded at random to whole numbers of γ = m ·
`step`, again and again until its norm is at most (1 + `max_inflation`) C, and a discrete Gaussian
of standard deviation z C / sqrt(`min_partners`) is added to each. Updates count 1 / m each, so that
a weighted one is whole numbers of `step`, which the secure sum adds up exactly: its own step must
divide this one, and it must round to the nearest.

Guarantee: (ε, δ) for all that one partner sends in the run, against the proxy and everyone who sees
models: had it sent zeros, what they see would look alike. Where at least `min_partners` honest ones
add their shares, each merge is (τ d, ρ)-zCDP with ρ = (1 + inflation)² / 2z² (their proposition
13; `runners.discrete_gaussian.gap` is τ, d the size of the model). With fewer, no sum is opened.
Nothing is amplified: the proxy sees who sends.

Trust: the secure sum; `min_partners` partners add their shares and do not pass them on; who drops
out does not depend on updates. A rounding that never comes out short enough becomes one toward
zero. What a run says beside the model (losses, norms) is not covered.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, inf, sqrt
from typing import TYPE_CHECKING

from runners import accountant
from runners.discrete_gaussian import LARGEST_STD, discrete_gaussian, gap
from runners.noise import SOURCES, Words, uniform, words_of
from runners.privacy import Cost, Guarantee, Load, Mechanism, Merge, Sampling
from runners.privacy.clip import Clip, check_clipped
from runners.secure_sum import SumNotRevealed
from sim.bounds import at_least, one_of, positive

if TYPE_CHECKING:
    import torch

LEAST_STD = 4.0  # of a share, in grids: τ is below 1e-60, whatever the number of partners
MOST_PARAMETERS = 10**12
LARGEST = 2**20  # grids: float32, and weights that are rounded to it, still tell them apart
TAIL = 14  # standard deviations that no share exceeds, but with a probability below 1e-43
NUM_ROUNDINGS = 100


@dataclass(frozen=True, kw_only=True)
class DpDistributed(Mechanism):
    """Let `min_partners` shares add up to noise of `noise_multiplier` z times C, on a grid of
    `step`; a run ends before it spends more than `epsilon` (None is no limit) at `delta`.
    """

    noise_multiplier: float
    min_partners: int
    step: float
    max_inflation: float
    epsilon: float | None
    delta: float
    noise_source: str
    numbers_per_s: float

    needs_rows = True
    has_equal_weights = True
    needs_sum = True

    def __post_init__(self) -> None:
        positive("noise_multiplier", self.noise_multiplier, remedy="1.0 is common")
        at_least("min_partners", self.min_partners, 2, remedy="try half of those in a merge")
        positive("step", self.step, remedy="2**-18 is 3.814697265625e-06")
        positive("max_inflation", self.max_inflation, remedy="0.01 costs 1% of the noise")
        accountant.check_budget(self.epsilon, self.delta)
        one_of("noise_source", self.noise_source, SOURCES)
        positive("numbers_per_s", self.numbers_per_s, remedy="measure it on one core")

    def check(self, before: Sequence[Mechanism], after: Sequence[Mechanism]) -> None:
        """Refuse unbounded updates, and sums that are not secure, or not of this grid."""
        check_clipped("dp_distributed", before, after)
        if any(one.figures_noise_multiplier < inf for one in (*before, *after)):
            raise ValueError(
                "privacy.adaptive_clip must come with dp_central: its bits are added up in the "
                "open, and their noise is the proxy's; try 'privacy=[clip,dp_distributed,secagg]'"
            )
        secure = next((one for one in after if one.is_secure_sum), None)
        if secure is None:
            raise ValueError(
                "privacy.dp_distributed must come before a secure sum: one partner's share of the "
                "noise hides nothing; try 'privacy=[clip,dp_distributed,secagg]'"
            )
        self._check_grid(secure)
        for one in before:
            if isinstance(one, Clip):
                self._check_range(secure, one.clipping_norm)

    def check_merge(self, merge: Merge) -> None:
        """Raise SumNotRevealed with too few partners: their shares are too little noise."""
        if len(merge.partners) < self.min_partners:
            raise SumNotRevealed(
                f"privacy.dp_distributed.min_partners is {self.min_partners}, and "
                f"{len(merge.partners)} are left"
            )

    def protect(
        self, updates: "torch.Tensor", partners: Sequence[int], merge: Merge
    ) -> "torch.Tensor":
        """Round rows and add each partner's own share to its row, in place."""
        import torch

        self._check_merge(merge, updates.shape[1])
        grid, share_std = self.step * len(merge.partners), self._share_std(merge.norm_bound)
        most = (1 + self.max_inflation) * merge.norm_bound / grid
        for row, partner in zip(updates, partners, strict=True):
            words = words_of(self.noise_source, merge, "dp_distributed", partner)
            whole = rounded(row.double() / grid, most, words)
            share = discrete_gaussian(words, len(row), share_std / grid)
            row.copy_((whole + torch.from_numpy(share).to(row.device)) * grid)
        return updates

    def cost(self, load: Load) -> Cost:
        """Return a partner's seconds for rounding and noise."""
        return Cost(partner_sim_s=load.num_parameters / self.numbers_per_s)

    def max_merges(self, sampling: Sampling) -> float:
        """Return how many merges are within the budget; raise ValueError where too few partners
        are in each.
        """
        if sampling.num_chosen < self.min_partners:
            raise ValueError(
                f"privacy.dp_distributed.min_partners must be at most the "
                f"{sampling.num_chosen:g} partners of a merge, got {self.min_partners}; "
                f"try privacy.dp_distributed.min_partners={max(2, int(sampling.num_chosen / 2))}"
            )
        return accountant.max_merges(lambda num: self._spent(sampling, num), self.epsilon)

    def guarantee(self, sampling: Sampling, num_merges: int) -> Guarantee:
        """Return ε."""
        return Guarantee(
            mechanism="dp_distributed",
            unit="partner",
            hidden_from="the proxy and everyone who sees models",
            assumptions=f"the secure sum; {self.min_partners} partners of each merge add their "
            f"shares ({self.noise_source} source) and keep them; who drops out does not depend on "
            "updates; losses and norms stay inside",
            epsilon=self._spent(sampling, num_merges),
            delta=self.delta,
        )

    def _spent(self, sampling: Sampling, num_merges: int) -> float:
        rho = ((1 + self.max_inflation) / self.noise_multiplier) ** 2 / 2
        xi = gap(sampling.num_partners, LEAST_STD) * MOST_PARAMETERS
        return accountant.concentrated_epsilon(rho, xi, num_merges, self.delta)

    def _share_std(self, norm_bound: float) -> float:
        return self.noise_multiplier * norm_bound / sqrt(self.min_partners)

    def _check_grid(self, secure: Mechanism) -> None:
        """Raise ValueError where the secure sum would round what is whole here."""
        name = type(secure).__module__.rpartition(".")[2]
        step = getattr(secure, "step", None)
        if step is None:
            raise ValueError(
                f"privacy.{name} must add up whole numbers exactly for dp_distributed, and has no "
                "step; try 'privacy=[clip,dp_distributed,secagg]'"
            )
        if self.step % step != 0:
            raise ValueError(
                f"privacy.dp_distributed.step must be a whole multiple of privacy.{name}.step="
                f"{step}, or the sum is rounded after the noise, got {self.step}; "
                f"try privacy.dp_distributed.step={step}"
            )
        if getattr(secure, "rounding", "nearest") != "nearest":
            raise ValueError(
                f"privacy.{name}.rounding must be nearest behind dp_distributed, whose numbers are "
                f"whole but for the last digits of a float32; try privacy.{name}.rounding=nearest"
            )

    def _check_range(self, secure: Mechanism, clipping_norm: float) -> None:
        """Raise ValueError where the secure sum would cut off the noise of a share."""
        largest = self._largest(clipping_norm) / self.min_partners
        if largest > getattr(secure, "max_abs", inf):
            name = type(secure).__module__.rpartition(".")[2]
            raise ValueError(
                f"privacy.{name}.max_abs must be at least {largest:.3g}, or the noise of "
                f"dp_distributed is cut off, got {getattr(secure, 'max_abs', inf)}; "
                f"try privacy.{name}.max_abs={ceil(largest)}.0"
            )

    def _largest(self, norm_bound: float) -> float:
        """Return what no number of an update with its share exceeds."""
        return (1 + self.max_inflation) * norm_bound + TAIL * self._share_std(norm_bound)

    def _check_merge(self, merge: Merge, size: int) -> None:
        """Raise SumNotRevealed with too few partners, and ValueError where the grid does not fit
        the updates.
        """
        self.check_merge(merge)
        num = len(merge.partners)
        grid, norm_bound = self.step * num, merge.norm_bound
        # Rounding adds γ² size / 4 to a squared norm at most in the mean; twice that has room.
        coarsest = norm_bound * sqrt(self.max_inflation * (2 + self.max_inflation) * 2 / size)
        coarsest = min(coarsest, self._share_std(norm_bound) / LEAST_STD)
        finest = max(self._largest(norm_bound) / LARGEST, self._share_std(norm_bound) / LARGEST_STD)
        if not finest <= grid <= coarsest:
            raise ValueError(
                f"privacy.dp_distributed.step must be {finest / num:.3g} to {coarsest / num:.3g} "
                f"for {size} parameters of {num} partners and a clipping norm of {norm_bound}, got "
                f"{self.step}; try a power of 2 between"
            )


def rounded(values: "torch.Tensor", most: float, words: Words) -> "torch.Tensor":
    """Return values rounded to whole numbers, up or down at random such that the mean is right,
    with a norm of at most `most`, which is above the values' own; after 100 that are longer,
    rounded toward zero.
    """
    import torch

    for _ in range(NUM_ROUNDINGS):
        whole = (values + 1 - uniform(words, len(values), values.device)).floor()
        if torch.linalg.vector_norm(whole) <= most:
            return whole
    return values.trunc()
